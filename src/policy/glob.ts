// Globs: * matches any characters, also none; ? matches exactly one; a backslash escapes the next character.
//
// The pattern is a list of elements. Place i means "the first i elements have matched". The matcher keeps the set of
// all places that are possible so far as bits, 32 in a word. One character of the text moves the whole set at once:
//
//     places' = (places whose element takes the character) << 1 | (places at which a * stands)
//
// There is no backtracking. A match costs at most (characters of the text) × ⌈(elements + 1) / 32⌉ steps, whatever the
// pattern. The patterns of a configuration have a bounded length, so the time is linear in the text.

const BITS = 32;

/** Tells whether a whole text matches. */
export type Matcher = (text: string) => boolean;

interface Pattern {
  /** The character that each element takes; null for ?. */
  readonly elements: readonly (string | null)[];
  /** The places at which a * stands. */
  readonly stars: ReadonlySet<number>;
}

/**
 * @param pattern the glob; a backslash at its end stands for itself
 * @param caseSensitive whether capital and small letters differ
 * @returns the matcher. A character is a Unicode character, so ? matches an emoji too.
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
  /** For each character of the pattern: the places whose element takes it, including those of ?. */
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

  /** Moves the set of places over one character. Returns false if no place is left. */
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
