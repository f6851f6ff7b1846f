/*{
    "DESCRIPTION": "Every part of the picture shows another moment: time runs across it in folds.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Time"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "depth", "LABEL": "how far back it goes", "TYPE": "float", "DEFAULT": 0.9, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "shape", "LABEL": "which way time runs", "TYPE": "long", "VALUES": [0, 1, 2, 3], "LABELS": ["down", "across", "outwards", "bright parts last"], "DEFAULT": 2},
        {"NAME": "folds", "LABEL": "how often it turns back", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.5, "MAX": 6.0},
        {"NAME": "hold", "LABEL": "frames between two moments", "TYPE": "float", "DEFAULT": 3.0, "MIN": 1.0, "MAX": 8.0}
    ],
    "PASSES": [
        {"TARGET": "moments", "PERSISTENT": true, "WIDTH": "$WIDTH * 2", "HEIGHT": "$HEIGHT * 2"},
        {}
    ]
}*/

// Sixteen moments lie in a grid of four by four, the newest over the oldest.
const float COUNT = 16.0;

vec2 cell_of(float n) {
    n = mod(n + 64.0 * COUNT, COUNT);
    return vec2(mod(n, 4.0), floor(n / 4.0));
}

vec3 moment(float n, vec2 uv) {
    vec2 edge = 2.0 / RENDERSIZE;
    return IMG_NORM_PIXEL(moments, (cell_of(n) + clamp(uv, edge, 1.0 - edge)) * 0.25).rgb;
}

void main() {
    float every = floor(hold + 0.5);
    float newest = floor(float(FRAMEINDEX) / every);
    if (PASSINDEX == 0) {
        vec2 at = isf_FragNormCoord * 4.0;
        bool here = all(equal(floor(at), cell_of(newest)));
        // At the start every moment is the first one.
        gl_FragColor = here || FRAMEINDEX == 0 ? IMG_NORM_PIXEL(inputImage, fract(at)) : IMG_THIS_PIXEL(moments);
        return;
    }
    vec2 uv = isf_FragNormCoord;
    vec3 now = IMG_THIS_PIXEL(inputImage).rgb;
    vec2 p = (uv - 0.5) * vec2(RENDERSIZE.x / RENDERSIZE.y, 1.0);
    float place = shape == 0 ? 1.0 - uv.y : shape == 1 ? uv.x : shape == 2 ? length(p) * 1.1
                : dot(now, vec3(0.2126, 0.7152, 0.0722));
    float x = place * folds;
    float back = depth * (COUNT - 2.0) * abs(fract(x * 0.5 + 0.5) * 2.0 - 1.0);
    float old = floor(back);
    vec3 then = mix(moment(newest - old, uv), moment(newest - old - 1.0, uv), back - old);
    gl_FragColor = vec4(mix(now, then, smoothstep(0.0, 0.8, back)), 1.0);
}
