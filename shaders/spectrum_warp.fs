/*{
    "DESCRIPTION": "The spectrum pushes the picture out of place: bass in the middle, hiss at the rim.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Distortion", "Audio"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 64},
        {"NAME": "wave", "TYPE": "audio", "MAX": 128},
        {"NAME": "amount", "LABEL": "how far it is pushed", "TYPE": "float", "DEFAULT": 0.6, "MIN": 0.0, "MAX": 2.0},
        {"NAME": "ripple", "LABEL": "how much the wave form ripples it", "TYPE": "float", "DEFAULT": 0.4, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "shine", "LABEL": "how much the slopes shine", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "centre", "LABEL": "where it comes from", "TYPE": "point2D", "DEFAULT": [0.5, 0.5]}
    ],
    "PASSES": [{"TARGET": "calm", "PERSISTENT": true, "FLOAT": true, "WIDTH": "64", "HEIGHT": "1"}, {}]
}*/

// Height of the surface at `r` from the centre. The spectrum is followed quickly up and slowly down (pass 0).
float height(float r) {
    float x = clamp(r * 1.05, 0.0, 1.0);
    float level = IMG_NORM_PIXEL(calm, vec2(x * 0.6 + 0.008, 0.5)).r;
    float sway = IMG_NORM_PIXEL(wave, vec2(x, 0.5)).r - 0.5;
    return level * (1.0 - 0.4 * x) + ripple * 0.5 * sway;
}

void main() {
    if (PASSINDEX == 0) {
        float now = IMG_THIS_PIXEL(spectrum).r, before = IMG_THIS_PIXEL(calm).r;
        gl_FragColor = vec4(vec3(mix(now, before, exp(-TIMEDELTA * (now > before ? 40.0 : 6.0)))), 1.0);
        return;
    }
    vec2 wide = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - centre) * wide;
    float r = length(p);
    float slope = (height(r + 0.012) - height(max(r - 0.012, 0.0))) / 0.024 * smoothstep(0.0, 0.06, r);  // flat on top
    vec2 out_of_place = (p / max(r, 1e-3)) * clamp(slope, -6.0, 6.0) * amount * 0.022;
    vec2 q = isf_FragNormCoord + (out_of_place - p * height(r) * amount * 0.28) / wide;
    q = 1.0 - abs(1.0 - mod(q, 2.0));
    vec3 c = IMG_NORM_PIXEL(inputImage, q).rgb;
    float light = shine * clamp(slope * amount * 0.16, -0.6, 0.8);
    c = light > 0.0 ? 1.0 - (1.0 - c) * (1.0 - light * (0.3 + 0.7 * c)) : c * (1.0 + light);
    gl_FragColor = vec4(c, 1.0);
}
