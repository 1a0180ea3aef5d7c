// Sixteen queries of a sequence, and the keys that they may see: rows of packed tensors.
struct Tile {
  firstQuery: u32, // within the sequence
  inTile: u32,
  firstRow: u32, // of the sequence
  rows: u32,
  firstKey: u32,
  keyCount: u32,
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
  // #if CAUSAL
  found.keyCount = min(found.keyCount, found.firstQuery + found.inTile);
  // #end
  return found;
}

fn sees(query: u32, key: u32) -> bool {
  // #if CAUSAL
  return key <= query;
  // #else
  return true;
  // #end
}

// How many keys a query of the tile sees.
fn seenBy(tile: Tile, query: u32) -> u32 {
  // #if CAUSAL
  return min(tile.keyCount, tile.firstQuery + query + 1u);
  // #else
  return tile.keyCount;
  // #end
}
