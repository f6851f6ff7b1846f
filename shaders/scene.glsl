// The blend: up to four keyframes, each where the camera sees it now, mixed by weight.
// LAYERS: how many are drawn (0: the quiet gradient shown before the first keyframe).
// FOLDED: mirror, kaleidoscope, blocks and filtered reduction; left out where nothing needs them.
// TILTED: some layer is seen in perspective; left out where all are flat, since a division costs as much as a fetch.
#if LAYERS > 0
uniform sampler2D layer0;
#endif
#if LAYERS > 1
uniform sampler2D layer1;
#endif
#if LAYERS > 2
uniform sampler2D layer2;
#endif
#if LAYERS > 3
uniform sampler2D layer3;
#endif
uniform vec4 weights;
uniform int linear_light;
uniform float idle_time;
#ifdef FOLDED
uniform mat3 place[4];   // point on the stage -> texture coordinates of the keyframe, before the division
#define SEEN(i) (place[i] * vec3(p, 1.0))
uniform vec4 texels[4];  // xy: texture size in texels; z: detail level for blocks; w: 1 when the texture has mipmaps
uniform float blocks;    // blocks per picture height; 0: none
uniform int mirror;
uniform int kaleidoscope;

vec2 fold(vec2 p) {
    if (blocks > 0.0) p = (floor(p * blocks) + 0.5) / blocks;
    if (mirror == 1 || mirror == 3) p.x = -abs(p.x);
    if (mirror >= 2) p.y = -abs(p.y);
    if (kaleidoscope > 0) {
        float wedge = 6.28318530718 / float(kaleidoscope);
        // The angle is measured from straight up, so that the pattern stands upright; each wedge mirrors its neighbour.
        float a = atan(p.x, -p.y);
        a = abs(a - wedge * floor(a / wedge + 0.5));
        p = length(p) * vec2(sin(a), -cos(a));
    }
    return p;
}
#elif LAYERS > 0
in vec3 seen[LAYERS];
#define SEEN(i) seen[i]
#endif

// Mirrored repeat; with clamped edges the filter meets the same texels on both sides of the border.
vec2 reflected(vec2 t) { return 1.0 - abs(1.0 - mod(t, 2.0)); }

#if LAYERS > 0
vec3 sampled(sampler2D picture, int i, vec3 q) {
#ifdef FOLDED
    // Points at or behind the horizon of a tilted picture fade into its mean colour instead of sparkling.
    vec2 t = q.xy / max(q.z, 0.004);
    vec2 size = texels[i].xy;
    vec2 dx = dFdx(t) * size, dy = dFdy(t) * size;
    float level = blocks > 0.0 ? texels[i].z : 0.5 * log2(max(max(dot(dx, dx), dot(dy, dy)), 1e-8));
    level = texels[i].w > 0.5 ? max(level, 0.0) : 0.0;
    vec3 c = textureLod(picture, reflected(t), level).rgb;
#elif defined(TILTED)
    vec3 c = textureLod(picture, reflected(q.xy / q.z), 0.0).rgb;
#else
    vec3 c = textureLod(picture, reflected(q.xy), 0.0).rgb;
#endif
    return linear_light == 1 ? c * c : c;
}
#endif

// A slow dark glow, shown until the first keyframe is there.
vec3 idle(vec2 p) {
    float t = idle_time * 0.11;
    vec2 q = p + 0.22 * vec2(sin(t * 1.7 + p.y * 2.3), cos(t * 1.3 + p.x * 1.9));
    float a = exp(-2.6 * dot(q - vec2(-0.35 * cos(t), 0.20), q - vec2(-0.35 * cos(t), 0.20)));
    float b = exp(-3.1 * dot(q - vec2(0.50, -0.24 * sin(t * 1.2)), q - vec2(0.50, -0.24 * sin(t * 1.2))));
    return vec3(0.016, 0.018, 0.034) + a * vec3(0.075, 0.040, 0.160) + b * vec3(0.014, 0.098, 0.130);
}

vec3 scene(vec2 p) {
#if LAYERS == 0
    return idle(p);
#else
#ifdef FOLDED
    p = fold(p);
#endif
    vec3 c = weights.x * sampled(layer0, 0, SEEN(0));
#if LAYERS > 1
    c += weights.y * sampled(layer1, 1, SEEN(1));
#endif
#if LAYERS > 2
    c += weights.z * sampled(layer2, 2, SEEN(2));
#endif
#if LAYERS > 3
    c += weights.w * sampled(layer3, 3, SEEN(3));
#endif
    return linear_light == 1 ? sqrt(c) : c;
#endif
}
