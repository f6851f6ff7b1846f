/*{
    "DESCRIPTION": "The picture runs like wet paint and is painted again from underneath.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Distortion", "Feedback"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 16},
        {"NAME": "flow", "LABEL": "how fast it runs", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 2.0},
        {"NAME": "weight", "LABEL": "how much of it runs down", "TYPE": "float", "DEFAULT": 0.35, "MIN": -1.0, "MAX": 1.0},
        {"NAME": "fresh", "LABEL": "how fast the picture comes back", "TYPE": "float", "DEFAULT": 0.3, "MIN": 0.02, "MAX": 1.0},
        {"NAME": "size", "LABEL": "size of the currents", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.1, "MAX": 1.0},
        {"NAME": "drive", "LABEL": "how much the sound stirs", "TYPE": "float", "DEFAULT": 0.7, "MIN": 0.0, "MAX": 1.0}
    ],
    "PASSES": [{"TARGET": "paint", "PERSISTENT": true, "FLOAT": true}, {}]
}*/

// Stream function of slow currents; the flow along its contours neither gathers nor thins the paint.
float stream(vec2 p) {
    float s = 0.0, a = 1.0;
    for (int i = 0; i < 4; i++) {
        s += a * sin(p.x + TIME * 0.21 + 1.7 * float(i)) * cos(p.y - TIME * 0.17 + 2.3 * float(i));
        p = mat2(0.8, 0.6, -0.6, 0.8) * p * 1.9 + 3.1;
        a *= 0.55;
    }
    return s;
}

void main() {
    if (PASSINDEX == 1) { gl_FragColor = vec4(IMG_THIS_PIXEL(paint).rgb, 1.0); return; }
    vec2 wide = vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    vec2 p = (isf_FragNormCoord - 0.5) * wide * (2.2 / size);
    const float e = 0.02;
    vec2 current = vec2(stream(p + vec2(0.0, e)) - stream(p - vec2(0.0, e)),
                        stream(p - vec2(e, 0.0)) - stream(p + vec2(e, 0.0))) / (2.0 * e);
    float bass = IMG_NORM_PIXEL(spectrum, vec2(0.05, 0.5)).r;
    vec3 now = IMG_THIS_PIXEL(inputImage).rgb;
    float light = dot(IMG_THIS_PIXEL(paint).rgb, vec3(0.2126, 0.7152, 0.0722));
    float dt = min(TIMEDELTA, 0.1);
    vec2 speed = current * 0.09 * flow * (1.0 - 0.6 * drive + 2.2 * drive * bass);
    speed.y -= weight * flow * (0.05 + 0.25 * light);
    vec3 ran = IMG_NORM_PIXEL(paint, isf_FragNormCoord - speed * dt / wide).rgb;
    float back = FRAMEINDEX == 0 ? 1.0 : 1.0 - exp(-dt * fresh * 6.0);
    gl_FragColor = vec4(mix(ran, now, back), 1.0);
}
