"""Products of the simulated shop: what they are called, what they cost, how they sell."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CATEGORIES", "NOUNS", "Category", "Products", "make_products"]


@dataclass(frozen=True)
class Category:
    """One department: its name, the words of its titles, and how people buy there.

    `price` is the usual one; `returned` the share of purchases that come back; `consumed` says how
    much more readily a product is bought again than another is bought at all.
    """

    name: str
    price: float
    returned: float
    consumed: float
    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    variants: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


NOUNS = 10
"""Every category has as many kinds of product."""

_COLOURS = "black, white, sand, olive, navy, terracotta, slate, cream, forest green, mustard"

CATEGORIES = (
    Category("Kitchen", 28, 0.03, 1.0,
        _words("Chef's Knife, Saucepan, Frying Pan, Mixing Bowl, Cutting Board, Casserole, "
               "Salad Spinner, Measuring Jug, Bread Tin, Grater"),
        _words("Stainless Steel, Cast Iron, Bamboo, Non-Stick, Oak, Enamelled, Copper, Ceramic"),
        _words("16 cm, 20 cm, 24 cm, 28 cm, small, medium, large, set of 2, set of 3")),
    Category("Coffee & Tea", 14, 0.01, 4.0,
        _words("Espresso Beans, Filter Coffee, Green Tea, Earl Grey, Herbal Tea, Decaf Beans, "
               "Matcha, Chai, Cold Brew, Rooibos"),
        _words("Organic, Fair Trade, Dark Roast, Single Origin, Smoked, Highland, Loose Leaf"),
        _words("125 g, 250 g, 500 g, 1 kg, 20 bags, 50 bags, refill pack")),
    Category("Garden", 35, 0.04, 1.2,
        _words("Secateurs, Plant Pot, Watering Can, Hedge Shears, Raised Bed, Trowel, Hose Reel, "
               "Bird Feeder, Solar Lamp, Seed Tray"),
        _words("Galvanised, Terracotta, Folding, Heavy-Duty, Cedar, Frost-Proof, Hand-Forged"),
        _words(_COLOURS)),
    Category("Home Textiles", 42, 0.09, 1.0,
        _words("Duvet Cover, Throw, Cushion, Bath Towel, Fitted Sheet, Rug, Curtain, Pillow, "
               "Table Runner, Tea Towel"),
        _words("Linen, Organic Cotton, Wool, Velvet, Washed, Quilted, Waffle, Jacquard"),
        _words(_COLOURS)),
    Category("Women's Clothing", 55, 0.24, 1.0,
        _words("Jumper, Midi Dress, Shirt, Jeans, Trench Coat, Cardigan, Wrap Skirt, T-Shirt, "
               "Leggings, Scarf"),
        _words("Merino, Linen, Relaxed, Tailored, Ribbed, Oversized, Pleated, Striped, Cropped"),
        _words("XS, S, M, L, XL, XXL")),
    Category("Men's Clothing", 52, 0.19, 1.0,
        _words("Oxford Shirt, Chinos, Polo, Jeans, Overshirt, Crew Neck, Rain Jacket, T-Shirt, "
               "Beanie, Belt"),
        _words("Slim, Regular, Merino, Brushed, Selvedge, Waxed, Flannel, Corduroy, Washed"),
        _words("S, M, L, XL, XXL, 30/32, 32/32, 34/34")),
    Category("Toys", 24, 0.05, 1.1,
        _words("Building Blocks, Jigsaw Puzzle, Plush Bear, Train Set, Board Game, Marble Run, "
               "Doll's House, Kite, Card Game, Stacking Tower"),
        _words("Wooden, Magnetic, Classic, Giant, Mini, Glow-in-the-Dark, Travel, Cooperative"),
        _words("age 1+, age 3+, age 5+, age 8+, 48 pieces, 100 pieces, 500 pieces")),
    Category("Sports", 48, 0.10, 1.2,
        _words("Running Shoes, Yoga Mat, Kettlebell, Water Bottle, Cycling Jersey, Tennis Racket, "
               "Swim Goggles, Resistance Band, Hiking Socks, Gym Bag"),
        _words("Lightweight, Pro, Trail, Recycled, Breathable, Insulated, All-Weather, Grip"),
        _words("size 38, size 40, size 42, size 44, 4 kg, 8 kg, S/M, L/XL")),
    Category("Beauty", 19, 0.02, 2.8,
        _words("Face Cream, Shampoo, Body Lotion, Lip Balm, Hand Soap, Night Serum, Sun Cream, "
               "Beard Oil, Bath Salts, Cleanser"),
        _words("Unscented, Rose, Oat, Lavender, Vitamin C, Sensitive, Sea Salt, Argan, Charcoal"),
        _words("30 ml, 50 ml, 100 ml, 250 ml, 500 ml, refill, travel size")),
    Category("Pets", 22, 0.02, 3.6,
        _words("Dry Dog Food, Cat Litter, Chew Toy, Dog Lead, Cat Tree, Treats, Wet Cat Food, "
               "Pet Bed, Brush, Feeding Bowl"),
        _words("Grain-Free, Salmon, Chicken, Hypoallergenic, Puppy, Senior, Indoor, Durable"),
        _words("400 g, 2 kg, 6 kg, 12 kg, small, medium, large, pack of 12")),
    Category("Office", 17, 0.04, 1.8,
        _words("Notebook, Fountain Pen, Desk Lamp, Monitor Stand, Sticky Notes, Desk Mat, Planner, "
               "Paper Tray, Gel Pens, Ring Binder"),
        _words("Dotted, Recycled, Leather, Adjustable, Walnut, Hardcover, Minimal, Aluminium"),
        _words("A4, A5, A6, set of 3, set of 10, black, blue, assorted")),
    Category("Electronics", 95, 0.08, 1.0,
        _words("Headphones, Bluetooth Speaker, Phone Case, Charger, Smart Plug, Webcam, E-Reader, "
               "Keyboard, Power Bank, Smart Watch"),
        _words("Wireless, Noise-Cancelling, Compact, Fast, USB-C, Waterproof, Slim, Rugged"),
        _words("black, silver, white, 20 W, 65 W, 10,000 mAh, 32 GB, 64 GB")),
)  # fmt: skip

_BRANDS = _words(
    "Aldergate, Bramwell, Corvo, Dunmore, Eskilund, Fennick, Gristmill, Halden, Ilex, "
    "Juniper & Co, Kestrel, Lumo, Marlowe, Nordhav, Ostara, Pellworm"
)


@dataclass(frozen=True, eq=False)
class Products:
    """The assortment, one entry per product: numbers of category and noun, title and price.

    `tier` is the price relative to the noun's usual one, in standard deviations.
    """

    category: NDArray[np.int64]
    noun: NDArray[np.int64]
    title: NDArray[Any]
    price: NDArray[np.float64]
    tier: NDArray[np.float64]


def make_products(n: int, rng: np.random.Generator) -> Products:
    """Make up `n` products."""
    sizes = rng.dirichlet(np.full(len(CATEGORIES), 4.0))
    category = rng.choice(len(CATEGORIES), size=n, p=sizes)
    noun = rng.integers(0, NOUNS, n)
    brand = rng.integers(0, len(_BRANDS), n)
    # A dear brand is dear in everything it makes.
    tier = 0.8 * rng.standard_normal(len(_BRANDS))[brand] + 0.6 * rng.standard_normal(n)
    usual = np.array([c.price for c in CATEGORIES])[category]
    usual = usual * np.exp(0.4 * rng.standard_normal((len(CATEGORIES), NOUNS)))[category, noun]
    price = np.maximum(1, np.rint(usual * np.exp(0.35 * tier))) - 0.01
    adjective, variant = rng.random(n), rng.random(n)
    title = np.array(
        [
            _title(CATEGORIES[c], _BRANDS[b], i, a, v)
            for c, b, i, a, v in zip(category, brand, noun, adjective, variant, strict=True)
        ],
        dtype=np.dtypes.StringDType(),
    )
    return Products(category, noun, title, price, tier)


def _title(category: Category, brand: str, noun: int, adjective: float, variant: float) -> str:
    described = category.adjectives[int(adjective * len(category.adjectives))]
    kind = category.variants[int(variant * len(category.variants))]
    return f"{brand} {described} {category.nouns[noun]}, {kind}"
