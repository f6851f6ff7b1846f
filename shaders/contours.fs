/*{
    "DESCRIPTION": "The picture's light as bands with sharp edges, like a map's: op art, ink on paper, or two colours.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Stylise"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "bands", "LABEL": "bands from black to white; 0.5: one step", "TYPE": "float", "DEFAULT": 5.0, "MIN": 0.5, "MAX": 24.0},
        {"NAME": "phase", "LABEL": "where they begin: 1 is a band further", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "fill", "LABEL": "share of a band that is light", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.02, "MAX": 0.98},
        {"NAME": "soft", "LABEL": "softness of the edges", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "smoothing", "LABEL": "how much detail is left out", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "own", "LABEL": "how much of the picture's own colours the light has", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "invert", "LABEL": "dark and light change places", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "light", "LABEL": "colour of what is light", "TYPE": "color", "DEFAULT": [1.0, 1.0, 1.0, 1.0]},
        {"NAME": "dark", "LABEL": "colour of what is dark", "TYPE": "color", "DEFAULT": [0.0, 0.0, 0.0, 1.0]},
        {"NAME": "amount", "LABEL": "how much of it is seen", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.0, "MAX": 1.0}
    ],
    "PASSES": [
        {"TARGET": "across", "WIDTH": "max($WIDTH / 3, 1)", "HEIGHT": "max($HEIGHT / 3, 1)", "FLOAT": true},
        {"TARGET": "calm", "WIDTH": "max($WIDTH / 3, 1)", "HEIGHT": "max($HEIGHT / 3, 1)", "FLOAT": true},
        {}
    ]
}*/

// Blurred along `way`, which is a share of the picture's size.
vec3 blurred(sampler2D picture, vec2 way) {
    vec3 sum = vec3(0.0);
    float all = 0.0;
    for (int i = -4; i <= 4; i++) {
        float x = float(i), w = exp(-0.16 * x * x);
        sum += w * IMG_NORM_PIXEL(picture, isf_FragNormCoord + way * x * (0.0015 + 0.006 * smoothing)).rgb;
        all += w;
    }
    return sum / all;
}

void main() {
    float aspect = RENDERSIZE.x / RENDERSIZE.y;
    if (PASSINDEX == 0) { gl_FragColor = vec4(blurred(inputImage, vec2(1.0 / aspect, 0.0)), 1.0); return; }
    if (PASSINDEX == 1) { gl_FragColor = vec4(blurred(across, vec2(0.0, 1.0)), 1.0); return; }
    vec3 here = IMG_THIS_PIXEL(calm).rgb;
    // Evenly spread to the eye: the root of the light, which keeps bands in the shadows.
    float x = sqrt(clamp(dot(here, vec3(0.2126, 0.7152, 0.0722)), 0.0, 1.0)) * bands;
    float edge = min(0.75 * fwidth(x) + 0.5 * soft, 0.5);
    float wave = 1.0 - abs(fract(x - phase) * 2.0 - 1.0);    // 0 at both ends of a band, 1 in its middle
    float lit = smoothstep(-2.0 * edge, 2.0 * edge, wave - (1.0 - fill));
    lit = mix(lit, 1.0 - lit, invert);
    vec3 hue = here / max(max(here.r, max(here.g, here.b)), 0.05);
    vec3 c = mix(dark.rgb, mix(light.rgb, hue, own), lit);
    gl_FragColor = vec4(mix(IMG_THIS_PIXEL(inputImage).rgb, c, amount), 1.0);
}
