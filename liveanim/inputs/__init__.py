"""The rim on the way in: sound, keys, takes -> samples and ControlEvent."""
