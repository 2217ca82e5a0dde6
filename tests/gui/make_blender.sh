#!/usr/bin/env bash
# A real Blender with a window, inside a Debian system in FOLDER (about 3 minutes, 2 GB). As root, on Debian with debootstrap:
#     tests/gui/make_blender.sh FOLDER [trixie|sid]
# trixie brings Blender 4.3, the oldest kind of action that is supported; sid a 5.x.
set -euo pipefail
folder=$1 suite=${2:-trixie}
debootstrap --variant=minbase "$suite" "$folder"
mount --bind /dev "$folder/dev"
mount -t proc proc "$folder/proc"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
DEBIAN_FRONTEND=noninteractive chroot "$folder" apt-get install -y --no-install-recommends \
    blender python3-numpy xvfb xauth xkb-data imagemagick python3-xlib libgl1-mesa-dri libegl1 libegl-mesa0 libglx-mesa0 libgl1 fonts-dejavu-core
chroot "$folder" blender --version | head -1
