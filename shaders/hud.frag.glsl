// A glyph from the atlas, or a box with round corners, its edge one pixel soft.
in vec2 inside;
in vec2 atlas_uv;
flat in vec2 half_size;
flat in vec4 colour;
flat in float radius;
flat in float is_glyph;
out vec4 result;
uniform sampler2D atlas;

void main() {
    float ink = texture(atlas, atlas_uv).r;
    vec2 d = abs(inside) - half_size + radius;
    float box = clamp(0.5 - (length(max(d, 0.0)) + min(max(d.x, d.y), 0.0) - radius), 0.0, 1.0);
    result = vec4(colour.rgb, colour.a * (is_glyph > 0.5 ? ink : box));
}
