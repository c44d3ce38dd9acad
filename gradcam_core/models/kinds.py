"""The 80 kinds of objects of COCO and the words that people use for them.

Public names: `KINDS`, `PLURALS`, `SINGULARS`, `kind_of`, `kinds_in`, `words_of`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["KINDS", "PLURALS", "SINGULARS", "kind_of", "kinds_in", "words_of"]

# kind, then every word for one of it, then every word for several; the first of each is the commonest
TABLE = """
person | person man woman boy girl child guy lady kid player toddler baby surfer skier rider | {people}
bicycle | bicycle bike | bicycles bikes
car | car taxi | cars taxis
motorcycle | motorcycle motorbike scooter | motorcycles motorbikes scooters
airplane | airplane plane jet airliner biplane aircraft | airplanes planes jets
bus | bus | buses
train | train locomotive tram trolley | trains
truck | truck | trucks
boat | boat ship canoe sailboat kayak | boats ships canoes sailboats kayaks
traffic light | traffic-light stoplight | traffic-lights stoplights
fire hydrant | hydrant fire-hydrant | hydrants fire-hydrants
stop sign | stop-sign | stop-signs
parking meter | parking-meter meter | parking-meters meters
bench | bench | benches
bird | bird seagull duck pigeon parrot owl eagle | birds seagulls ducks pigeons
cat | cat kitten kitty | cats kittens
dog | dog puppy pug | dogs puppies
horse | horse pony | horses ponies
sheep | sheep lamb ram | sheep lambs
cow | cow bull calf cattle | cows bulls calves cattle
elephant | elephant | elephants
bear | bear grizzly | bears
zebra | zebra | zebras
giraffe | giraffe | giraffes
backpack | backpack | backpacks
umbrella | umbrella parasol | umbrellas
handbag | handbag purse | handbags purses
tie | tie necktie | ties
suitcase | suitcase luggage | suitcases luggage
frisbee | frisbee | frisbees
skis | skis ski | skis
snowboard | snowboard | snowboards
sports ball | ball football basketball | balls
kite | kite | kites
baseball bat | bat baseball-bat | bats
baseball glove | glove mitt | gloves
skateboard | skateboard | skateboards
surfboard | surfboard | surfboards
tennis racket | racket racquet | rackets racquets
bottle | bottle | bottles
wine glass | wine-glass wineglass | wine-glasses
cup | cup mug | cups mugs
fork | fork | forks
knife | knife | knives
spoon | spoon | spoons
bowl | bowl | bowls
banana | banana | bananas
apple | apple | apples
sandwich | sandwich hamburger burger | sandwiches
orange | orange | oranges
broccoli | broccoli | broccoli
carrot | carrot | carrots
hot dog | hot-dog hotdog | hot-dogs hotdogs
pizza | pizza | pizzas
donut | donut doughnut | donuts doughnuts
cake | cake cupcake | cakes cupcakes
chair | chair armchair | chairs
couch | couch sofa | couches sofas
potted plant | plant potted-plant | plants
bed | bed | beds
dining table | table desk | tables desks
toilet | toilet | toilets
tv | tv television | tvs televisions
laptop | laptop | laptops
mouse | mouse | mouses
remote | remote | remotes
keyboard | keyboard | keyboards
cell phone | phone cellphone cell-phone | phones cellphones
microwave | microwave | microwaves
oven | oven stove | ovens stoves
toaster | toaster | toasters
sink | sink | sinks
refrigerator | refrigerator fridge | refrigerators
book | book | books
clock | clock | clocks
vase | vase | vases
scissors | scissors | scissors
teddy bear | teddy-bear teddy | teddy-bears
hair drier | hair-drier dryer | hair-driers
toothbrush | toothbrush | toothbrushes
"""
PEOPLE = "people men women boys girls children kids players adults surfers skiers guys ladies"
_ROWS = [[part.strip() for part in line.split("|")] for line in TABLE.format(people=PEOPLE).strip().splitlines()]
KINDS = tuple(row[0] for row in _ROWS)
SINGULARS = {kind: tuple(word.replace("-", " ") for word in one.split()) for kind, one, _ in _ROWS}
PLURALS = {kind: tuple(word.replace("-", " ") for word in many.split()) for kind, _, many in _ROWS}
_KIND = {word: kind for kind in KINDS for word in (kind, *SINGULARS[kind], *PLURALS[kind])}
_LONGEST = max(len(word.split()) for word in _KIND)
# in a text these two are colours far more often than a fruit, or a part of "teddy bear"
_COLOURS = {"orange"}


def kind_of(word: str) -> str | None:
    """The kind that a word or a name of two words stands for; None where it stands for none of the 80."""
    return _KIND.get(word.lower())


def kinds_in(words: Sequence[str]) -> list[tuple[int, int, str]]:
    """Where kinds are named in a row of words: (first word, number of words, kind), the longest name first."""
    found, at = [], 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            name = " ".join(words[at : at + length]).lower()
            if name in _KIND and name not in _COLOURS:
                found.append((at, length, _KIND[name]))
                at += length
                break
        else:
            at += 1
    return found


def words_of(kind: str) -> tuple[str, ...]:
    """Every name for one or several of a kind, its own first."""
    return tuple(dict.fromkeys((kind, *SINGULARS[kind], *PLURALS[kind])))
