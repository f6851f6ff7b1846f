"""The rim that paints: RenderRequest -> Keyframe. The only place with torch."""
