// A small copy of the picture: each pixel the mean of nine places in what it covers.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
uniform vec2 pixel; // of the small picture, in uv

void main() {
    vec3 sum = vec3(0.0);
    for (int y = -1; y <= 1; ++y)
        for (int x = -1; x <= 1; ++x) sum += textureLod(picture, uv + pixel * vec2(x, y) / 3.0, 0.0).rgb;
    result = vec4(sum / 9.0, 1.0);
}
