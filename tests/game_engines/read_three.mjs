// Opens each file by three.js' own loaders, plays its animation, and says where every bone and the body are at each frame.
//     node read_three.mjs truth.json told.json        (the files lie beside truth.json)
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// What loaders expect of a browser.
globalThis.self = globalThis.window = globalThis;
const THREE = await import('three');
const { FBXLoader } = await import('three/addons/loaders/FBXLoader.js');
const { GLTFLoader } = await import('three/addons/loaders/GLTFLoader.js');
const { default: validator } = await import('gltf-validator');

async function opened(path) {
  const bytes = readFileSync(path);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  if (path.endsWith('.fbx')) {
    const root = new FBXLoader().parse(buffer, '');
    return { root, clips: root.animations, errors: [] };
  }
  const report = await validator.validateBytes(new Uint8Array(buffer));
  const errors = report.issues.messages.filter(one => one.severity === 0).map(one => `${one.code} ${one.pointer}`);
  const gltf = await new GLTFLoader().parseAsync(buffer, '');
  return { root: gltf.scene, clips: gltf.animations, errors };
}

async function told(path, truth) {
  const { root, clips, errors } = await opened(path);
  const bones = [], meshes = [];
  root.traverse(one => {
    // FBXLoader makes a bone again for each further mesh that it moves, below the first.
    if (one.isBone && !bones.some(bone => bone.name === one.name)) bones.push(one);
    if (one.isMesh) meshes.push(one);
  });
  // Where a file has Z up FBXLoader turns its topmost node, which the node's own animation would undo.
  for (const clip of clips) clip.tracks = clip.tracks.filter(track => !track.name.startsWith(`${root.name}.`));
  const mixer = new THREE.AnimationMixer(root);
  for (const clip of clips) mixer.clipAction(clip).setLoop(THREE.LoopOnce).play().clampWhenFinished = true;
  const body = meshes.find(one => one.name.startsWith('Mannequin'));
  const carrier = meshes.find(one => one.morphTargetDictionary && Object.keys(one.morphTargetDictionary).some(key => key.startsWith('activation_')));
  const heads = Object.fromEntries(bones.map(bone => [bone.name, []])), extents = [], activation = {};
  const place = new THREE.Vector3();
  for (let frame = 0; frame < truth.frames; frame++) {
    mixer.setTime(frame / truth.fps);
    root.updateMatrixWorld(true);
    for (const bone of bones) heads[bone.name].push(bone.getWorldPosition(place).toArray());
    if (body) {
      const box = new THREE.Box3();
      for (let k = 0; k < body.geometry.attributes.position.count; k++) box.expandByPoint(body.getVertexPosition(k, place).applyMatrix4(body.matrixWorld));
      extents.push([box.min.toArray(), box.max.toArray()]);
    }
    if (carrier) for (const [name, k] of Object.entries(carrier.morphTargetDictionary)) (activation[name] ??= []).push(carrier.morphTargetInfluences[k]);
  }
  const parents = Object.fromEntries(bones.map(bone => [bone.name, bone.parent.isBone ? bone.parent.name : '']));
  return { length: clips[0].duration, animations: clips.length, heads, parents, body: extents, activation, errors, unit_m: truth.unit_m };
}

const [, , from, to] = process.argv;
const answer = {};
for (const [file, truth] of Object.entries(JSON.parse(readFileSync(from)))) {
  try { answer[file] = await told(join(dirname(from), file), truth); } catch (error) { answer[file] = { failed: String(error) }; }
}
writeFileSync(to, JSON.stringify(answer));
