"""The main job on one machine: a whole desk against a simulated exchange, from tick to closed trade."""
