// Of three pictures in a row the middle value of every point: what sparks up in a single one is gone.
in vec2 uv;
out vec4 result;
uniform sampler2D picture;
uniform sampler2D before;
uniform sampler2D earlier;
uniform float amount;

void main() {
    vec3 a = textureLod(picture, uv, 0.0).rgb;
    vec3 b = textureLod(before, uv, 0.0).rgb;
    vec3 c = textureLod(earlier, uv, 0.0).rgb;
    vec3 middle = max(min(a, b), min(max(a, b), c));
    result = vec4(mix(a, middle, amount), 1.0);
}
