// Light and colour of the finished picture. Every step leaves the picture as it is when its amount is 0.
// GRAIN: with film grain, left out where there is none.
uniform mat3 colour;      // hue, saturation and gain in one matrix
uniform float gain;       // 2^(EV / 2.2): exposure of linear light, applied to display values
uniform float invert;
uniform float vignette;
uniform float lamp;       // 1, or less in the dark half of a strobe
#ifdef GRAIN
uniform float grain;
uniform float grain_cell; // pixels
uniform uint frame_seed;

uint scramble(uint x) {
    x ^= x >> 16; x *= 0x7feb352du;
    x ^= x >> 15; x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

// Films grain more in the mid tones than in black and white.
vec3 grained(vec3 c, vec2 pixel) {
    uvec2 cell = uvec2(floor(pixel / grain_cell));
    uint h = scramble(cell.x + scramble(cell.y + frame_seed));
    float triangular = float(h & 0xffffu) / 65535.0 + float(h >> 16) / 65535.0 - 1.0;
    float light = clamp(dot(c, vec3(0.2126, 0.7152, 0.0722)), 0.0, 1.0);
    return c + grain * 0.34 * triangular * (0.25 + 3.0 * light * (1.0 - light));
}
#endif

// Values that exposure lifts over the knee bend towards white instead of clipping.
vec3 shoulder(vec3 c, float lift) {
    float knee = 1.0 / (1.0 + 0.45 * (lift - 1.0));
    float room = max(1.0 - knee, 1e-4);
    vec3 over = max(c - knee, 0.0);
    return min(c, knee) + over * room / (room + over);
}

vec3 finished(vec3 c, vec2 p, float half_width, vec2 pixel) {
    c = colour * c;
    if (gain > 1.0) c = shoulder(max(c, 0.0), gain);
    c = clamp(c, 0.0, 1.0);
    c = c * (1.0 - 2.0 * invert) + invert;
    float light = lamp;
    if (vignette > 0.0) {
        float r = dot(p, p) / (half_width * half_width + 0.25);
        light *= 1.0 - vignette * smoothstep(0.12, 1.05, r);
    }
    c *= light;
#ifdef GRAIN
    c = grained(c, pixel);
#endif
    // Half a step of ordered noise keeps dark gradients from banding; exact 8-bit values come through unchanged.
    float d = fract(52.9829189 * fract(dot(pixel, vec2(0.06711056, 0.00583715)))) - 0.5;
    return c + d * (0.96 / 255.0);
}
