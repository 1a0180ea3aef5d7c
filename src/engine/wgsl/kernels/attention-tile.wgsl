// Sixteen queries of a sequence, and the keys that they may see: rows of packed tensors.
struct Tile {
  firstQuery: u32, // within the sequence
  inTile: u32,
  firstRow: u32, // of the sequence
  rows: u32,
  firstKey: u32,
  keyCount: u32,
}

// Quads are told when they run: software takes long to compile each kernel.
fn isCausal() -> bool {
  // #if QUAD
  return params.causal != 0u;
  // #else
  // #if CAUSAL
  return true;
  // #else
  return false;
  // #end
  // #end
}

fn tileAt(tile: u32) -> Tile {
  let sequence = u32(tables[params.tiles + 2u * tile]);
  var found: Tile;
  found.firstQuery = u32(tables[params.tiles + 2u * tile + 1u]);
  found.firstRow = u32(tables[params.querySequences + 3u * sequence]);
  found.rows = u32(tables[params.querySequences + 3u * sequence + 1u]);
  found.inTile = min(16u, found.rows - found.firstQuery);
  found.firstKey = u32(tables[params.keySequences + 3u * sequence]);
  found.keyCount = u32(tables[params.keySequences + 3u * sequence + 1u]);
  found.keyCount = select(found.keyCount, min(found.keyCount, found.firstQuery + found.inTile), isCausal());
  return found;
}

fn sees(query: u32, key: u32) -> bool {
  return !isCausal() | (key <= query);
}

// How many keys a query of the tile sees.
fn seenBy(tile: Tile, query: u32) -> u32 {
  return select(tile.keyCount, min(tile.keyCount, tile.firstQuery + query + 1u), isCausal());
}
