/*{
    "DESCRIPTION": "The picture's light as a land of lines, each hiding what lies behind it: flat as a plot, or a flight to the horizon.",
    "CREDIT": "liveanim",
    "ISFVSN": "2",
    "CATEGORIES": ["Geometry", "Stylise"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "spectrum", "TYPE": "audioFFT", "MAX": 32},
        {"NAME": "lines", "LABEL": "how many lines", "TYPE": "float", "DEFAULT": 36.0, "MIN": 8.0, "MAX": 60.0},
        {"NAME": "height", "LABEL": "how high the light lifts them", "TYPE": "float", "DEFAULT": 0.3, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "tilt", "LABEL": "flat (0) .. to the horizon (1)", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "travel", "LABEL": "how far they have come: 1 is a line further", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "margin", "LABEL": "how much of them is flat at both sides", "TYPE": "float", "DEFAULT": 0.5, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "drive", "LABEL": "how much the spectrum lifts them", "TYPE": "float", "DEFAULT": 0.4, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "width", "LABEL": "how wide the lines are", "TYPE": "float", "DEFAULT": 0.3, "MIN": 0.05, "MAX": 1.0},
        {"NAME": "own", "LABEL": "how much of the picture's own colours they have", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "colour", "LABEL": "colour of the lines", "TYPE": "color", "DEFAULT": [1.0, 1.0, 1.0, 1.0]},
        {"NAME": "ground", "LABEL": "how much of the picture shows between them", "TYPE": "float", "DEFAULT": 0.0, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "amount", "LABEL": "how much of it is seen", "TYPE": "float", "DEFAULT": 1.0, "MIN": 0.0, "MAX": 1.0}
    ],
    "PASSES": [{"TARGET": "calm", "WIDTH": "160", "HEIGHT": "90"}, {}]
}*/

const float HORIZON = 0.62;    // of the picture's height

// Where the line that is `far` lines away lies: its height from the bottom, and the size of what is there.
vec2 line_at(float far) {
    float size = 1.0 / (1.0 + 7.0 * far / lines);
    return mix(vec2(0.06 + 0.72 * far / lines, 1.0), vec2(HORIZON * (1.0 - size) - 0.04 * size, size), tilt);
}

// The colour of the land at x (0 left .. 1 right of the line) on the line `far`, and in w its height.
vec4 land(float x, float far, float size) {
    float wide = mix(1.0, 0.35 + 0.65 * size, tilt);
    vec2 at = vec2(0.5 + (x - 0.5) / wide, 0.04 + 0.92 * far / lines);
    vec4 here = IMG_NORM_PIXEL(calm, clamp(vec2(1.0 - abs(1.0 - mod(at.x, 2.0)), at.y), 0.0, 1.0));
    float shape = mix(1.0, smoothstep(0.9, 0.15, abs(x - 0.5) * 2.0), margin);
    return vec4(here.rgb, here.a * 1.5 * shape * height * mix(0.5, 1.2 * size, tilt));
}

void main() {
    vec2 uv = isf_FragNormCoord;
    if (PASSINDEX == 0) {
        vec3 sum = vec3(0.0);
        for (int n = 0; n < 9; n++)
            sum += IMG_NORM_PIXEL(inputImage, uv + vec2(n % 3 - 1, n / 3 - 1) / RENDERSIZE).rgb / 9.0;
        float light = dot(sum, vec3(0.2126, 0.7152, 0.0722));
        float level = IMG_NORM_PIXEL(spectrum, vec2(0.01 + 0.9 * abs(uv.x - 0.5), 0.5)).r;
        gl_FragColor = vec4(sum, (light + drive * level * (0.3 + light)) / 1.5);
        return;
    }
    vec3 under = IMG_THIS_PIXEL(inputImage).rgb, c = vec3(0.0);
    float pixel = 1.0 / RENDERSIZE.y, step_x = 1.0 / RENDERSIZE.x, hidden = 0.0;
    int last = int(lines);
    for (int n = 0; n <= last; n++) {
        float far = float(n) - travel;
        vec2 there = line_at(far);
        if (hidden >= 1.0 || there.x > uv.y + 4.0 * pixel) break;    // the others begin higher up
        if (there.x + 1.5 * height * mix(0.5, 1.2 * there.y, tilt) < uv.y - 4.0 * pixel) continue;
        vec4 here = land(uv.x, far, there.y);
        float over = uv.y - there.x - here.w;
        float slope = (land(uv.x + step_x, far, there.y).w - here.w) / pixel;
        float away = abs(over) / sqrt(1.0 + slope * slope);      // across the line, however steep it is
        float wide = (0.3 + 2.2 * width * mix(1.0, there.y, 0.6 * tilt)) / min(RENDERSIZE.y, 720.0);
        float light = max(here.r, max(here.g, here.b));
        vec3 hue = mix(colour.rgb, here.rgb / max(light, 0.08), own);
        float dim = mix(1.0, smoothstep(1.0, 0.6, far / lines), tilt) * smoothstep(-1.0, 0.0, far);
        c = max(c, hue * smoothstep(wide + pixel, max(wide - pixel, 0.0), away) * (0.5 + light) * dim * (1.0 - hidden));
        hidden = max(hidden, smoothstep(pixel, -pixel, over));
    }
    c = 1.0 - (1.0 - min(c, 1.0)) * (1.0 - ground * under);
    gl_FragColor = vec4(mix(under, c, amount), 1.0);
}
