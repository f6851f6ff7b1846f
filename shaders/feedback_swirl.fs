/*{
    "DESCRIPTION": "The picture leaves itself behind in a slow turning swirl; the bass drives it.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Feedback"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 16},
        {"NAME": "amount", "LABEL": "how much of the past stays", "TYPE": "float", "DEFAULT": 0.96, "MIN": 0.0, "MAX": 0.98},
        {"NAME": "twist", "LABEL": "how far the past turns, and which way", "TYPE": "float", "DEFAULT": 0.6, "MIN": -1.0, "MAX": 1.0},
        {"NAME": "pull", "LABEL": "how fast the past flies out", "TYPE": "float", "DEFAULT": 0.45, "MIN": -1.0, "MAX": 1.0},
        {"NAME": "drift", "LABEL": "how fast its colours turn", "TYPE": "float", "DEFAULT": 0.25, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "drive", "LABEL": "how much the bass does", "TYPE": "float", "DEFAULT": 0.6, "MIN": 0.0, "MAX": 1.0}
    ],
    "PASSES": [{"TARGET": "past", "PERSISTENT": true, "FLOAT": true}, {}]
}*/

vec3 turned(vec3 c, float a) {
    const vec3 k = vec3(0.57735);
    return c * cos(a) + cross(k, c) * sin(a) + k * dot(k, c) * (1.0 - cos(a));
}

void main() {
    vec4 now = IMG_THIS_PIXEL(inputImage);
    if (PASSINDEX == 1) {
        gl_FragColor = vec4(clamp(IMG_THIS_PIXEL(past).rgb, 0.0, 1.0), 1.0);
        return;
    }
    float bass = 0.6 * IMG_NORM_PIXEL(spectrum, vec2(0.03, 0.5)).r + 0.4 * IMG_NORM_PIXEL(spectrum, vec2(0.09, 0.5)).r;
    float aspect = RENDERSIZE.x / RENDERSIZE.y;
    float step = min(TIMEDELTA, 0.1) * 60.0;    // of a sixtieth of a second
    vec2 p = (isf_FragNormCoord - 0.5) * vec2(aspect, 1.0);
    float r = length(p);
    float angle = twist * (0.012 + 0.05 * drive * bass) * step * (1.2 - min(r, 1.0));
    float zoom = 1.0 - pull * (0.012 + 0.03 * drive * bass) * step;
    p = mat2(cos(angle), -sin(angle), sin(angle), cos(angle)) * p * zoom;
    p += 0.0012 * step * vec2(sin(7.0 * p.y + TIME), cos(6.0 * p.x - TIME * 0.8));
    vec3 old = IMG_NORM_PIXEL(past, p / vec2(aspect, 1.0) + 0.5).rgb;
    old = turned(old, drift * 0.03 * step);
    // Bright parts of the past stay on top, so the swirl glows instead of greying out.
    float keep = pow(amount, step);
    vec3 mixed = mix(now.rgb, old, keep * 0.75);
    vec3 glow = max(now.rgb, old * keep);
    gl_FragColor = vec4(mix(mixed, glow, 0.55), 1.0);
}
