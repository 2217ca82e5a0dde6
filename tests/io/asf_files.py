"""A small skeleton with a motion, as Acclaim's formats write them."""

ASF = """:version 1.10
:name made
:units
  mass 1.0
  length 0.45
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name lfemur
    direction 0.34 -0.94 0
    length 7.2
    axis 0 0 20 XYZ
    dof rx ry rz
  end
  begin
    id 2
    name ltibia
    direction 0.34 -0.94 0
    length 7.5
    axis 0 0 20 XYZ
    dof rx
  end
:hierarchy
  begin
    root lfemur
    lfemur ltibia
  end
"""
AMC = ":FULLY-SPECIFIED\n:DEGREES\n" + "".join(f"{k}\nroot 1 2 3 {k} 0 0\nlfemur 1 2 3\nltibia 10\n" for k in range(1, 5))
