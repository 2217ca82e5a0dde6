extends SceneTree
# Opens each file as Godot imported it, plays its animation, and says where every bone and the body are at each frame.
#     godot --headless --import; godot --headless -s read_godot.gd        (beside truth.json; writes told.json)

func _process(_delta: float) -> bool:
	var truth: Dictionary = JSON.parse_string(FileAccess.get_file_as_string("res://truth.json"))
	var told := {}
	for file in truth:
		var packed: PackedScene = load("res://" + file)
		told[file] = _told(packed.instantiate(), truth[file]) if packed else {"failed": "not imported"}
	var out := FileAccess.open("res://told.json", FileAccess.WRITE)
	out.store_string(JSON.stringify(told, "", true, true))
	out.close()
	return true

func _told(scene: Node, truth: Dictionary) -> Dictionary:
	root.add_child(scene)
	var skeleton: Skeleton3D = scene.find_children("*", "Skeleton3D", true, false)[0]
	var player: AnimationPlayer = scene.find_children("*", "AnimationPlayer", true, false)[0]
	var body: MeshInstance3D = null
	var carrier: MeshInstance3D = null
	for mesh: MeshInstance3D in scene.find_children("*", "MeshInstance3D", true, false):
		if mesh.name.begins_with("Mannequin"):
			body = mesh
		if mesh.get_blend_shape_count():
			carrier = mesh
	var heads := {}
	var parents := {}
	for bone in skeleton.get_bone_count():
		var parent := skeleton.get_bone_parent(bone)
		heads[skeleton.get_bone_name(bone)] = []
		parents[skeleton.get_bone_name(bone)] = skeleton.get_bone_name(parent) if parent >= 0 else ""
	var extents := []
	var activation := {}
	var name := player.get_animation_list()[0]
	player.play(name)
	for frame in int(truth["frames"]):
		player.seek(frame / float(truth["fps"]), true)
		for bone in skeleton.get_bone_count():
			heads[skeleton.get_bone_name(bone)].append(_numbers(skeleton.global_transform * skeleton.get_bone_global_pose(bone).origin))
		if body and body.skin:
			extents.append(_extents(body, skeleton))
		if carrier:
			for shape in carrier.get_blend_shape_count():
				var label: String = carrier.mesh.get_blend_shape_name(shape)
				activation[label] = activation.get(label, []) + [carrier.get_blend_shape_value(shape)]
	var length := player.get_animation(name).length
	var count := player.get_animation_list().size()
	scene.queue_free()
	return {"length": length, "animations": count, "heads": heads, "parents": parents, "body": extents, "activation": activation, "unit_m": 1.0}

# Lowest and highest corner of a mesh that the skeleton moves; without a window nothing else works it out.
func _extents(body: MeshInstance3D, skeleton: Skeleton3D) -> Array:
	var moves: Array[Transform3D] = []
	for bind in body.skin.get_bind_count():
		var bone := body.skin.get_bind_bone(bind)
		if bone < 0:
			bone = skeleton.find_bone(body.skin.get_bind_name(bind))
		moves.append(skeleton.global_transform * skeleton.get_bone_global_pose(bone) * body.skin.get_bind_pose(bind))
	var low := Vector3.INF
	var high := -Vector3.INF
	for surface in body.mesh.get_surface_count():
		var arrays := body.mesh.surface_get_arrays(surface)
		var points: PackedVector3Array = arrays[Mesh.ARRAY_VERTEX]
		var weights: PackedFloat32Array = arrays[Mesh.ARRAY_WEIGHTS]
		var bones: PackedInt32Array = arrays[Mesh.ARRAY_BONES]
		var each := weights.size() / points.size()
		for k in points.size():
			var place := Vector3.ZERO
			for w in each:
				place += weights[k * each + w] * (moves[bones[k * each + w]] * points[k])
			low = low.min(place)
			high = high.max(place)
	return [_numbers(low), _numbers(high)]

func _numbers(place: Vector3) -> Array:
	return [place.x, place.y, place.z]
