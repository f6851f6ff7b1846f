// A logo over the finished picture: light that is there and how opaque it is, the edge of its file one pixel soft.
// Each pixel is the mean of four points from copies twice as large as it needs: neither soft nor sparkling when small.
out vec4 result;
uniform sampler2D logo;
uniform mat3 place;    // pixel of the picture -> logo (0..1, v down)
uniform vec2 wide;     // of the logo on the picture, pixels
uniform float reach;   // of the four points from the pixel's centre, pixels; 0 where the file is no larger than this
uniform float opacity;

void main() {
    vec2 q = (place * vec3(gl_FragCoord.xy, 1.0)).xy;
    vec2 inside = clamp(min(q, 1.0 - q) * wide + 0.5, 0.0, 1.0);
    vec2 x = reach * place[0].xy, y = reach * place[1].xy;
    vec4 sum = texture(logo, q + x + 0.5 * y, -1.0) + texture(logo, q - x - 0.5 * y, -1.0)
             + texture(logo, q - 0.5 * x + y, -1.0) + texture(logo, q + 0.5 * x - y, -1.0);
    result = sum * (0.25 * inside.x * inside.y * opacity);
}
