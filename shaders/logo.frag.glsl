// A logo over the finished picture: light that is there and how opaque it is, the edge of its file one pixel soft.
out vec4 result;
uniform sampler2D logo;
uniform mat3 place;    // pixel of the picture -> logo (0..1, v down)
uniform vec2 wide;     // of the logo on the picture, pixels
uniform float opacity;

void main() {
    vec2 q = (place * vec3(gl_FragCoord.xy, 1.0)).xy;
    vec2 inside = clamp(min(q, 1.0 - q) * wide + 0.5, 0.0, 1.0);
    result = textureLod(logo, q, 0.0) * (inside.x * inside.y * opacity);
}
