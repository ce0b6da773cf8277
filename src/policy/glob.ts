// Globs: * stands for any characters, also none; ? for exactly one; a backslash takes the next character's
// meaning away.
//
// The pattern becomes a row of places, place i meaning "the first i elements are matched", and matching keeps
// the set of places that are possible so far as bits, 32 in a word. A character of the text moves the whole
// set on at once:
//
//   places' = (places whose element takes the character) << 1 | (places at which a * stands)
//
// Nothing is ever tried twice: a match costs at most (characters of the text) × ⌈(elements + 1) / 32⌉ steps,
// whatever the pattern. For patterns of a bounded length, as those of a configuration, that is linear in the
// text.

const BITS = 32;

/** Tells whether a text matches, from its first character to its last. */
export type Matcher = (text: string) => boolean;

interface Pattern {
  /** Per element the character that it takes; null for ?. */
  readonly elements: readonly (string | null)[];
  /** The places at which a * stands. */
  readonly stars: ReadonlySet<number>;
}

/**
 * @param pattern the glob; a backslash at its very end stands for itself
 * @param caseSensitive whether capital and small letters differ
 * @returns the matcher; a character is a Unicode character, so ? takes an emoji too
 */
export function compileGlob(pattern: string, caseSensitive = true): Matcher {
  const fold = (text: string): string => (caseSensitive ? text : text.toLowerCase());
  const { elements, stars } = parseGlob(fold(pattern));
  if (stars.size === 0 && !elements.includes(null)) {
    const literal = elements.join('');
    return (text) => fold(text) === literal;
  }
  const automaton = new Automaton(elements, stars);
  return (text) => automaton.matches(fold(text));
}

function parseGlob(pattern: string): Pattern {
  const elements: (string | null)[] = [];
  const stars = new Set<number>();
  let isEscaped = false;
  for (const character of pattern) {
    if (isEscaped || !'*?\\'.includes(character)) elements.push(character);
    else if (character === '?') elements.push(null);
    else if (character === '*') stars.add(elements.length);
    isEscaped = !isEscaped && character === '\\';
  }
  if (isEscaped) elements.push('\\');
  return { elements, stars };
}

class Automaton {
  private readonly words: number;
  private readonly beforeStars: Uint32Array;
  /** Per character of the pattern the places whose element takes it; those of ? take it too. */
  private readonly takers = new Map<string, Uint32Array>();
  private readonly takersOfOthers: Uint32Array;

  constructor(private readonly elements: Pattern['elements'], stars: Pattern['stars']) {
    this.words = Math.ceil((elements.length + 1) / BITS);
    this.beforeStars = this.placesWhere((place) => stars.has(place));
    this.takersOfOthers = this.placesWhere((place) => elements[place] === null);
    elements.forEach((element, place) => {
      if (element !== null) addPlace(this.takersToExtend(element), place);
    });
  }

  matches(text: string): boolean {
    const places = new Uint32Array(this.words);
    addPlace(places, 0);
    for (const character of text) {
      if (!this.move(places, this.takers.get(character) ?? this.takersOfOthers)) return false;
    }
    return hasPlace(places, this.elements.length);
  }

  /** Moves the possible places on over a character; false if none is left. */
  private move(places: Uint32Array, takers: Uint32Array): boolean {
    let carry = 0;
    let remaining = 0;
    for (let word = 0; word < this.words; word += 1) {
      const before = places[word]!;
      const taken = before & takers[word]!;
      const after = (taken << 1) | carry | (before & this.beforeStars[word]!);
      carry = taken >>> (BITS - 1);
      places[word] = after;
      remaining |= after;
    }
    return remaining !== 0;
  }

  private placesWhere(isPlace: (place: number) => boolean): Uint32Array {
    const places = new Uint32Array(this.words);
    for (let place = 0; place <= this.elements.length; place += 1) {
      if (isPlace(place)) addPlace(places, place);
    }
    return places;
  }

  private takersToExtend(character: string): Uint32Array {
    const takers = this.takers.get(character) ?? this.takersOfOthers.slice();
    this.takers.set(character, takers);
    return takers;
  }
}

const addPlace = (places: Uint32Array, place: number): void => {
  places[Math.floor(place / BITS)]! |= 1 << place % BITS;
};
const hasPlace = (places: Uint32Array, place: number): boolean =>
  (places[Math.floor(place / BITS)]! & (1 << place % BITS)) !== 0;
