// The finished picture on the window: letterboxed by the viewport, turned over because a window's row 0 is at the bottom.
// AS_IT_IS: pixel by pixel, for a window of its size: where processors draw, in half the time.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;

void main() {
    vec2 at = vec2(uv.x, 1.0 - uv.y);
#ifdef AS_IT_IS
    result = vec4(texelFetch(picture, ivec2(at * vec2(textureSize(picture, 0))), 0).rgb, 1.0);
#else
    result = vec4(textureLod(picture, at, 0.0).rgb, 1.0);
#endif
}
