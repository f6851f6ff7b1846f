/*{
    "DESCRIPTION": "Torn lines and blocks of the wrong colour, for as long as a hit rings.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Glitch"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 8},
        {"NAME": "hit", "LABEL": "tear now", "TYPE": "event"},
        {"NAME": "amount", "LABEL": "how much is torn all the time", "TYPE": "float", "DEFAULT": 0.25, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "drive", "LABEL": "how much the high notes tear", "TYPE": "float", "DEFAULT": 0.6, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "colour", "LABEL": "how far the colours part", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "rate", "LABEL": "new tears a second", "TYPE": "float", "DEFAULT": 9.0, "MIN": 1.0, "MAX": 30.0}
    ],
    "PASSES": [{"TARGET": "ring", "PERSISTENT": true, "FLOAT": true, "WIDTH": "1", "HEIGHT": "1"}, {}]
}*/

float hash(vec2 p) {
    p = fract(p * vec2(443.897, 441.423));
    p += dot(p, p.yx + 19.19);
    return fract((p.x + p.y) * p.x);
}

void main() {
    if (PASSINDEX == 0) {
        float high = max(IMG_NORM_PIXEL(spectrum, vec2(0.6, 0.5)).r, IMG_NORM_PIXEL(spectrum, vec2(0.8, 0.5)).r);
        float left = IMG_PIXEL(ring, vec2(0.5)).r * exp(-5.0 * TIMEDELTA);
        gl_FragColor = vec4(max(left, max(hit ? 1.0 : 0.0, drive * smoothstep(0.25, 0.8, high))), 0.0, 0.0, 1.0);
        return;
    }
    float force = clamp(amount + IMG_PIXEL(ring, vec2(0.5)).r, 0.0, 1.0);
    vec2 uv = isf_FragNormCoord;
    float tick = floor(TIME * rate);
    // Bands of uneven height, some of which slide; blocks in them slide further.
    float band = floor(uv.y * (6.0 + floor(14.0 * hash(vec2(tick, 3.1)))));
    float slides = step(1.0 - 0.55 * force, hash(vec2(band, tick)));
    float shift = slides * (hash(vec2(band + 7.0, tick)) - 0.5) * 0.22 * force;
    vec2 cell = floor(uv * vec2(18.0, 11.0));
    float block = step(1.0 - 0.12 * force, hash(cell + tick * 0.37));
    vec2 q = uv + vec2(shift, 0.0) + block * (vec2(hash(cell), hash(cell.yx + 2.0)) - 0.5) * 0.16 * force;
    float part = colour * force * (0.004 + 0.02 * slides + 0.03 * block);
    vec3 c = vec3(IMG_NORM_PIXEL(inputImage, fract(q + vec2(part, 0.0))).r, IMG_NORM_PIXEL(inputImage, fract(q)).g,
                  IMG_NORM_PIXEL(inputImage, fract(q - vec2(part, 0.0))).b);
    c = mix(c, c.brg, block * step(0.5, hash(cell + tick)) * colour);
    float line = 0.5 + 0.5 * sin(uv.y * RENDERSIZE.y * 1.571);
    gl_FragColor = vec4(c * (1.0 - 0.18 * force * line * (slides + block)), 1.0);
}
