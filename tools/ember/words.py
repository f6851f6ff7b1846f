"""The words ember knows: every motif, palette, style and composition with the ways to say it."""

from __future__ import annotations

MOTIF_WORDS: dict[str, tuple[str, ...]] = {
    "rays": ("sun rays", "rays", "sunbeams", "light rays", "a burst of light", "god rays"),
    "tunnel": ("a tunnel", "tunnel", "a corridor", "a wormhole", "an endless tunnel"),
    "galaxy": ("a galaxy", "galaxies", "a spiral galaxy", "the milky way"),
    "fire": ("fire", "flames", "a blaze", "burning flames", "a bonfire"),
    "lightning": ("lightning", "a lightning bolt", "thunder", "a thunderstorm", "electric bolts"),
    "smoke": ("smoke", "wisps of smoke", "swirling smoke", "fumes", "vapour"),
    "aurora": ("an aurora", "northern lights", "aurora borealis", "polar lights"),
    "synthwave": ("a synthwave sun", "a synthwave grid", "synthwave", "retrowave sun", "outrun sun over a grid"),
    "planet": ("a planet", "planets", "a world in space", "saturn", "a ringed planet"),
    "rain": ("rain", "falling rain", "raindrops", "a rainy night", "drizzle"),
    "rings": ("rings", "concentric rings", "circles", "ripples", "interference rings"),
    "spiral": ("a spiral", "spirals", "a vortex", "a whirl", "a swirl", "hypnotic spiral"),
    "star": ("a star", "a starburst", "a pointed star", "star of shards"),
    "starfield": ("a starfield", "hyperspace", "warp speed", "flying stars", "stars"),
    "ribbons": ("ribbons of light", "light trails", "ribbons", "flowing strands", "lines of light"),
    "stripes": ("stripes", "silk stripes", "folded stripes", "striped cloth", "zebra stripes"),
    "waves": ("waves", "layered waves", "rolling waves", "curves", "undulating layers"),
    "mandala": ("a mandala", "mandalas", "a rosette", "sacred geometry", "an ornament of petals"),
    "cells": ("cells", "living cells", "a cell culture", "microscopic cells", "organic tissue"),
    "bubbles": ("bubbles", "soap bubbles", "floating bubbles", "spheres", "foam"),
    "marble": ("marble", "marble veins", "polished marble", "veined stone"),
    "hexagons": ("hexagons", "a honeycomb", "hexagonal tiles", "hexagon grid"),
    "circuit": ("a circuit board", "circuits", "electronics", "circuit traces", "a microchip"),
    "crystals": ("crystals", "a crystal cluster", "gems", "quartz", "a geode", "shards"),
    "coral": ("coral", "brain coral", "a coral reef", "a labyrinth", "a maze"),
    "lace": ("lace", "fine lace", "a doily", "filigree", "crochet"),
    "splashes": ("paint splashes", "splashes of paint", "splatter", "ink splashes", "paint drops"),
    "kaleidoscope": ("a kaleidoscope", "kaleidoscope", "a kaleidoscope of shards", "mirrored shards"),
    "scales": ("dragon scales", "scales", "fish scales", "reptile skin"),
    "knots": ("woven bands", "knots", "celtic knots", "a weave", "braids", "interwoven bands"),
    "clouds": ("clouds", "a cloudscape", "a cloudy sky", "thunderclouds", "heaven"),
    "ocean": ("the ocean", "the sea", "ocean", "moonlit water", "a calm sea", "water"),
    "mountains": ("mountains", "mountain peaks", "a mountain range", "alps", "hills"),
    "forest": ("a forest", "forest", "trees", "misty woods", "a jungle"),
    "city": ("a city skyline", "a city at night", "skyscrapers", "a skyline", "towers", "metropolis"),
    "dunes": ("sand dunes", "dunes", "a desert", "the sahara"),
    "flower": ("a flower", "flowers", "a blossom", "a lotus", "petals", "a dahlia"),
    "feathers": ("feathers", "plumes", "peacock feathers", "a wing of feathers", "plumage"),
    "eye": ("an eye", "eyes", "a great eye", "an iris", "a staring eye"),
    "jellyfish": ("jellyfish", "a jellyfish", "medusa", "glowing jellyfish"),
    "butterfly": ("a butterfly", "butterflies", "butterfly wings", "a moth"),
}

PALETTE_WORDS: dict[str, tuple[str, ...]] = {
    "crimson": ("crimson", "red", "scarlet", "ruby", "blood red"),
    "tangerine": ("tangerine", "orange", "amber", "lava"),
    "gold": ("gold", "golden", "yellow", "brass"),
    "lime": ("lime", "acid green", "toxic", "chartreuse"),
    "emerald": ("emerald", "green", "leafy green", "viridian"),
    "turquoise": ("turquoise", "teal", "cyan", "aqua"),
    "azure": ("azure", "blue", "cobalt", "sapphire"),
    "indigo": ("indigo", "midnight blue", "deep blue", "ultramarine"),
    "violet": ("violet", "purple", "amethyst", "lilac"),
    "rose": ("rose", "pink", "magenta", "fuchsia"),
    "silver": ("silver", "monochrome", "black and white", "grey", "white"),
    "sepia": ("sepia", "brown", "earthy", "bronze", "coffee"),
    "sunset": ("sunset", "dusk", "purple and orange", "evening"),
    "neon": ("neon", "cyberpunk", "magenta and cyan", "vaporwave"),
    "ice": ("ice", "icy", "frozen", "arctic", "pale blue"),
    "pastel": ("pastel", "candy", "soft pink and mint", "cotton candy"),
    "rainbow": ("rainbow", "multicoloured", "spectrum", "psychedelic"),
    "jade": ("jade", "jade and copper", "teal and orange", "patina"),
}

STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "glowing": ("glowing", "luminous", "shining", "radiant", "bright glow"),
    "neon lines": ("neon lines", "outlines", "contours", "line art", "wireframe"),
    "inked": ("inked", "comic", "ink drawing", "woodcut", "linocut"),
    "halftone": ("halftone", "dotted", "print dots", "pop art", "raster"),
    "pixelated": ("pixelated", "pixel art", "8 bit", "pixels", "blocky"),
    "watercolour": ("watercolour", "watercolor", "aquarelle", "wash on paper"),
    "glass": ("glass", "made of glass", "liquid", "refracted", "rippled glass"),
    "stained glass": ("stained glass", "mosaic", "church window", "cathedral glass"),
    "metallic": ("metallic", "chrome", "metal", "polished steel", "liquid metal"),
    "embroidered": ("embroidered", "stitched", "knitted", "thread", "textile"),
    "faceted": ("faceted", "low poly", "polygons", "origami", "triangles"),
    "oil": ("oil painting", "painted", "brush strokes", "impressionist", "canvas"),
}

COMPOSITION_WORDS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "centred": ("centred", "centered", "in the middle", "dark surroundings", "vignette"),
    "tiled": ("tiled", "repeated", "a pattern of", "repeating", "wallpaper"),
    "mirrored": ("mirrored", "symmetric", "reflected", "symmetrical"),
    "kaleidoscopic": ("kaleidoscopic", "folded into sectors", "radial symmetry"),
    "close-up": ("close up", "macro", "detail", "zoomed in", "closeup"),
    "wide": ("wide", "from afar", "wide view", "panorama", "distant"),
}

TABLES = {
    "motifs": MOTIF_WORDS,
    "palettes": PALETTE_WORDS,
    "styles": STYLE_WORDS,
    "composition": COMPOSITION_WORDS,
}

FILLER = (
    "a picture of|an image of|painting of|with|in|and|of|the|colours|colors|tones|style|light|dark|on|background|very"
    "|beautiful|abstract|colour|palette|made|from|over|under|at|night|hue|hues|shades|look|art|background|detailed"
    "|vivid|deep|soft|bright|an|a|to|into|merged|blended|between|like|as"
)


MEANINGS: dict[str, str] = {
    "eye": "portrait god face woman women man men girl boy lady person people human head selfie goddess queen king "
    "princess warrior character mask skull vision cat kitten dog puppy bunny rabbit hare fox wolf lion tiger leopard "
    "bear horse unicorn animal",
    "feathers": "peacock bird wing owl eagle phoenix angel swan parrot crow raven fur furry",
    "scales": "dragon snake serpent lizard koi mermaid shark armor armour",
    "butterfly": "insect bee dragonfly fairy fairies",
    "flower": "garden bloom blooming floral cherry tulip sunflower orchid lily bouquet strawberry banana fruit",
    "forest": "tree woodland vegetation lush swamp plant leaf leaves grass moss nature countryside root bamboo",
    "mountains": "landscape valley canyon cliff terrain rock alpine hill",
    "city": "building architecture street urban town village house castle tokyo construction",
    "synthwave": "cyber futuristic future dystopian robot cyborg android machine machinery mechanical biomechanical "
    "tech techno technology computer mecha",
    "tunnel": "hallway portal cave cavern pipe underground dungeon abyss doorway gate hole room interior passage",
    "galaxy": "space nebula nebulae cosmic cosmos universe interstellar astral",
    "planet": "moon earth mars jupiter orb globe sphere alien spaceship astronaut ufo",
    "starfield": "sparkle sparkles particle glitter snow snowy snowflake winter dust constellation firefly fireflies",
    "clouds": "sky skies heavenly dream dreamy fog mist foggy storm",
    "ocean": "lake river underwater beach shore boat ship pool island tropical fishing",
    "waves": "music musical sound note surf surfing tsunami",
    "fire": "flame inferno hell hellish explosion volcano candle burn demon devil apocalypse",
    "lightning": "energy plasma tesla electricity",
    "spiral": "fractal trippy visionary dmt lsd",
    "mandala": "temple buddha ornate shrine tribal",
    "kaleidoscope": "mirror",
    "crystals": "crystalline diamond jewel glacier prism",
    "cells": "bacteria virus flesh meat slime brains organism anatomy",
    "knots": "vines vine tangled rope",
    "jellyfish": "tentacle mushroom fungi fungus octopus squid creature monster swimming",
    "smoke": "ghost spirit phantom soul incense",
    "marble": "statue sculpture",
    "lace": "dress wedding cobweb spiderweb spider",
    "rain": "waterfall cascade",
    "dunes": "egypt pyramid",
    "ribbons": "hair dancer dancing dance silky",
    "splashes": "splash acrylic graffiti",
    "rays": "sun sunlight sunshine divine",
    "rainbow": "colorful colourful vibrant iridescent holographic prismatic",
    "neon": "fluorescent rave nightclub",
    "silver": "gray monochromatic noir",
    "sepia": "vintage rust rusty steampunk antique",
    "violet": "lavender mauve ultraviolet",
    "azure": "cerulean navy",
    "crimson": "bloody burgundy maroon",
    "sunset": "sunrise dawn twilight",
    "ice": "frost frosty frigid",
    "tangerine": "autumn autumnal",
    "glowing": "glow luminescent bioluminescent bioluminescence luminescence lit glimmering",
    "inked": "sketch manga anime cartoon engraving",
    "faceted": "polygonal voxel geometric",
    "oil": "impressionism rutkowski monet gogh",
    "glass": "translucent transparent",
}
"""What of its own ember paints for words of others: those of prompts for Stable Diffusion, without plurals."""

OTHERWISE = (
    "rays", "crystals", "lightning", "aurora", "synthwave", "spiral", "waves", "ocean", "clouds", "dunes", "mountains",
    "eye", "jellyfish", "fire", "tunnel", "galaxy",
)  # fmt: skip
"""What ember paints for a prompt of which it knows nothing: what it paints best."""


def lexicon() -> dict[str, object]:
    """What stands in lexicon.json (liveanim/render/lexicon.py)."""
    filler = sorted({word for phrase in FILLER.split("|") for word in phrase.split()})
    meanings = {own: words.split() for own, words in MEANINGS.items()}
    most = {"motifs": 2, "palettes": 2, "styles": 1, "composition": 1}
    return {"filler": filler, "meanings": meanings, "most": most, "otherwise": list(OTHERWISE)}


def vocabulary() -> dict[str, dict[str, list[str]]]:
    """Kind of word -> canonical name -> the ways to say it, the canonical name first."""
    return {
        kind: {name: [name, *(s for s in said if s != name)] for name, said in entries.items() if name != "plain"}
        for kind, entries in TABLES.items()
    }


def all_words() -> list[str]:
    """Every single word of the vocabulary, sorted."""
    phrases = [FILLER.replace("|", " ")]
    for entries in TABLES.values():
        for name, said in entries.items():
            phrases += [name, *said]
    return sorted({word for phrase in phrases for word in phrase.replace("-", " ").split()})
