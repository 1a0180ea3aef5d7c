"""What sort of thing each thing of the sample's world is: real knowledge that says nothing of the place it belongs to."""

KINDS = {
    "people": """lifeguards librarians borrowers nurses surgeons patients lumberjacks pilots stewards pupils teachers
        sailors captains actors ushers dancers knights jesters queens minstrels climbers skiers""",
    "animals": """seagulls crabs jellyfish cows piglets hens goats squirrels owls badgers woodpeckers foxes eagles
        marmots bookworms""",
    "plants": "driftwood seaweed haystacks wheat oaks ferns mushrooms acorns moss pinecones brambles thickets saplings",
    "land": """waves shells dunes tides clearings glaciers peaks avalanches summits ridges boulders cliffs crevasses
        gorges snowdrifts cairns""",
    "buildings": """sandcastles barns fences silos stables wards runways terminals hangars classrooms playgrounds docks
        lighthouses piers balconies moats drawbridges dungeons towers battlements chalets""",
    "vehicles": """tractors ambulances wheelchairs stretchers jets trawlers ferries tugboats cockpits surfboards""",
    "tools": """snorkels ploughs scarecrows pitchforks spatulas whisks ladles cutlery colanders graters scalpels
        syringes thermometers stethoscopes crutches propellers windsocks chalk erasers crayons rulers anchors cranes
        ropes buoys nets moorings spotlights props swords lances shields""",
    "furniture": """parasols hammocks troughs ovens saucepans teapots fridges toasters bookshelves blackboards desks
        curtains scenery thrones banners containers""",
    "clothes": "aprons dishcloths bandages plasters suitcases luggage satchels costumes wigs armour crowns",
    "texts": """recipes novels atlases encyclopedias catalogues poems dictionaries chapters biographies footnotes
        manuscripts bookmarks prescriptions passports exams homework timetables lessons scripts spelling""",
    "goods": "sunscreen fertilizer dough spices vaccines cargo customs",
    "events": "whispers departures arrivals stopovers applause encores rehearsals tragedies orchestras",
}


def kind_of_thing() -> dict[str, str]:
    """Kind by thing."""
    return {thing: kind for kind, things in KINDS.items() for thing in things.split()}
