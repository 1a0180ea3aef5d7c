// The world of the bundled sample: twelve places, sixteen things for each, and a few ways to ask. Every thing belongs
// to one place only and is one word, so that a word-level tokenizer knows them all.

/** Things by place. The place's name is the answer. */
export const clues = {
  beach: words(`waves shells sandcastles lifeguards surfboards seagulls sunscreen parasols
    crabs driftwood dunes seaweed snorkels tides jellyfish hammocks`),
  farm: words(`tractors barns haystacks cows piglets hens fences silos
    ploughs scarecrows fertilizer troughs wheat goats stables pitchforks`),
  kitchen: words(`ovens spatulas dough saucepans whisks ladles aprons cutlery
    colanders teapots spices fridges toasters graters dishcloths recipes`),
  library: words(`bookshelves novels atlases librarians bookmarks encyclopedias catalogues whispers
    poems dictionaries chapters biographies footnotes manuscripts bookworms borrowers`),
  hospital: words(`nurses bandages stretchers surgeons ambulances syringes wards scalpels
    thermometers patients crutches stethoscopes vaccines plasters wheelchairs prescriptions`),
  forest: words(`oaks ferns mushrooms squirrels acorns moss owls badgers
    pinecones brambles woodpeckers foxes thickets saplings clearings lumberjacks`),
  airport: words(`runways pilots suitcases passports jets terminals hangars stewards
    propellers customs departures luggage windsocks arrivals cockpits stopovers`),
  school: words(`pupils chalk blackboards homework lessons satchels teachers exams
    timetables desks rulers classrooms erasers spelling crayons playgrounds`),
  harbour: words(`anchors cranes trawlers docks sailors ropes lighthouses ferries
    containers tugboats buoys cargo nets moorings captains piers`),
  theatre: words(`curtains actors costumes applause spotlights scripts encores balconies
    ushers rehearsals wigs tragedies dancers orchestras props scenery`),
  castle: words(`knights moats drawbridges dungeons towers thrones banners armour
    battlements jesters shields queens crowns lances swords minstrels`),
  mountain: words(`glaciers peaks climbers avalanches summits ridges chalets skiers
    boulders cliffs eagles cairns crevasses gorges marmots snowdrifts`),
};

export const places = Object.keys(clues);

/** Who was there. */
export const names = words(
  'mia carl nora omar ruth ivan lena hugo aisha tom grace felix yuki peter clara sam',
);

/** How a row begins: NAME is one of the names, THINGS five things as `a, b, c, d and e`. */
export const openers = [
  'NAME remembers THINGS.',
  'NAME came home and talked about THINGS.',
  'NAME drew THINGS.',
  'in the photos of NAME we see THINGS.',
  'NAME will never forget THINGS.',
  'on a postcard NAME wrote about THINGS.',
  'NAME dreamed of THINGS.',
  'all day NAME looked at THINGS.',
];

/** How it ends. */
export const questions = [
  'where was NAME?',
  'which place does NAME mean?',
  'what place fits best?',
  'where did the trip lead?',
  'so where did NAME go?',
];

/** What the rationales add to places and things. */
export const rationaleWords = ['has', 'so'];

/** Every word of the world, lower-case, without punctuation; for whoever builds a tokenizer. */
export function vocabulary() {
  const templates = [...openers, ...questions].flatMap((text) => text.match(/[A-Za-z]+/g));
  const all = [...places, ...Object.values(clues).flat(), ...names, ...templates, ...rationaleWords, 'and'];
  return [...new Set(all)].filter((word) => word !== 'NAME' && word !== 'THINGS').sort();
}

function words(text) {
  return text.trim().split(/\s+/);
}
