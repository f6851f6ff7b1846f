// The finished picture on the window: letterboxed by the viewport, turned over because a window's row 0 is at the bottom.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;

void main() { result = vec4(textureLod(picture, vec2(uv.x, 1.0 - uv.y), 0.0).rgb, 1.0); }
