// What zlib packed (RFC 1950 and 1951), at once: a page that is being printed cannot wait for a stream.
const inflate = (bytes) => {
  let at = 2, held = 0, count = 0, size = 0, out = new Uint8Array(1 << 16); // after the header of two bytes
  const put = (byte) => {
    if (size === out.length) { const longer = new Uint8Array(2 * size); longer.set(out); out = longer; }
    out[size++] = byte;
  };
  const bits = (wanted) => {
    while (count < wanted) { held |= bytes[at++] << count; count += 8; }
    const value = held & ((1 << wanted) - 1);
    held >>>= wanted; count -= wanted;
    return value;
  };
  const tree = (lengths) => {
    const counts = new Uint16Array(16), starts = new Uint16Array(16), symbols = new Uint16Array(lengths.length);
    for (const length of lengths) if (length) counts[length]++;
    for (let i = 1; i < 16; i++) starts[i] = starts[i - 1] + counts[i - 1];
    lengths.forEach((length, symbol) => { if (length) symbols[starts[length]++] = symbol; });
    return { counts, symbols };
  };
  const next = ({ counts, symbols }) => {
    for (let length = 1, code = 0, first = 0, index = 0; length < 16; length++) {
      code |= bits(1);
      if (code - first < counts[length]) return symbols[index + code - first];
      index += counts[length]; first = (first + counts[length]) << 1; code <<= 1;
    }
    throw new Error("the packed part of the page is damaged");
  };
  const steps = (codes, least, group, most) => { // base and number of extra bits of each length or distance
    const base = [], extra = [];
    for (let i = 0, value = least; i < codes; i++) {
      extra[i] = i < 2 * group ? 0 : Math.floor(i / group) - 1;
      base[i] = value; value += 1 << extra[i];
    }
    if (most) { base[codes - 1] = most; extra[codes - 1] = 0; }
    return { base, extra };
  };
  const lengths = steps(29, 3, 4, 258), distances = steps(30, 1, 2);
  const copied = ({ base, extra }, symbol) => base[symbol] + bits(extra[symbol]);
  const block = (literals, far) => {
    for (let symbol = next(literals); symbol !== 256; symbol = next(literals)) {
      if (symbol < 256) { put(symbol); continue; }
      const length = copied(lengths, symbol - 257), back = copied(distances, next(far));
      for (let i = 0; i < length; i++) put(out[size - back]);
    }
  };
  const dynamic = () => {
    const literal = bits(5) + 257, far = bits(5) + 1, order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    const first = new Array(19).fill(0), all = [];
    for (let i = 0, given = bits(4) + 4; i < given; i++) first[order[i]] = bits(3);
    for (const code = tree(first); all.length < literal + far;) {
      const symbol = next(code);
      if (symbol < 16) all.push(symbol);
      else {
        const [value, times] = symbol === 16 ? [all[all.length - 1], 3 + bits(2)] : [0, symbol === 17 ? 3 + bits(3) : 11 + bits(7)];
        for (let i = 0; i < times; i++) all.push(value);
      }
    }
    return [tree(all.slice(0, literal)), tree(all.slice(literal))];
  };
  const fixed = () => [tree(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))), tree(new Array(30).fill(5))];
  for (let last = 0; !last;) {
    last = bits(1);
    const kind = bits(2);
    if (kind) { block(...(kind === 1 ? fixed() : dynamic())); continue; }
    held = count = 0; // stored as it is, from the next whole byte
    const length = bytes[at] | (bytes[at + 1] << 8);
    at += 4;
    for (let i = 0; i < length; i++) put(bytes[at++]);
  }
  return new TextDecoder().decode(out.subarray(0, size));
};
const unpacked = (text) => inflate(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
