// What the stage and the grid share; put in front of each. The formulas are those of gradcam_core/canvases/project.py and
// render.py; a test compares the pixels.

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

// one bilinear weight a pixel: the index of the cell on its left and the share of the one on its right; cells lie from
// low to high, and seen is what lies from start to end
function interpolation(pixels, cells, low, high, start, end) {
  const left = new Int32Array(pixels), share = new Float32Array(pixels), seen = new Uint8Array(pixels);
  const inside = (at) => Math.min(Math.max(at, 0), pixels);
  const centres = [inside(Math.ceil(start - 0.5)), inside(Math.ceil(end - 0.5))];
  // too narrow to hold a pixel's centre: the pixels that it touches
  const [first, last] = centres[0] < centres[1] ? centres : [inside(Math.floor(start)), inside(Math.ceil(end))];
  for (let i = 0; i < pixels; i++) {
    const centre = i + 0.5;
    seen[i] = i >= first && i < last;
    const position = Math.min(Math.max(((centre - low) / (high - low)) * cells - 0.5, 0), cells - 1);
    left[i] = Math.min(Math.floor(position), Math.max(cells - 2, 0));
    share[i] = position - left[i];
  }
  return { left, share, seen };
}

// `cells` of a map of rows x columns that lies in `box` of a photograph of `size`, on each of width x height pixels of
// its picture; NaN outside of what the model has `seen`
function spread(cells, { rows, columns, box, seen }, size, width, height) {
  const wide = width / size.width, high = height / size.height;
  const x = interpolation(width, columns, box[0] * wide, box[2] * wide, seen[0] * wide, seen[2] * wide);
  const y = interpolation(height, rows, box[1] * high, box[3] * high, seen[1] * high, seen[3] * high);
  const right = columns > 1 ? 1 : 0, below = rows > 1 ? columns : 0;
  const values = new Float32Array(width * height);
  for (let i = 0, at = 0; i < height; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (!x.seen[j] || !y.seen[i]) { values[at] = NaN; continue; }
      const cell = y.left[i] * columns + x.left[j];
      const upper = cells[cell] * (1 - x.share[j]) + cells[cell + right] * x.share[j];
      const lower = cells[cell + below] * (1 - x.share[j]) + cells[cell + below + right] * x.share[j];
      values[at] = upper * (1 - y.share[i]) + lower * y.share[i];
    }
  }
  return values;
}

// the picture of `values`, one a pixel of `photo`, in the colours of `table`; `unseen`: see render.py
// (x + 0.5) | 0 rounds as Math.floor(x + 0.5) does where nothing is below zero, in a part of the time
function compose({ width, height, data: photo }, values, kind, look, table, unseen) {
  const image = new ImageData(width, height), out = image.data;
  const { grey: neutral, photo: kept, stripes, stripe } = unseen;
  if (kind === "photograph") {
    out.set(photo);
    for (let p = 3; p < out.length; p += 4) out[p] = 255;
    return image;
  }
  const { threshold, opacity, signed } = look, plain = kind === "heatmap", masked = kind === "masked";
  for (let i = 0, at = 0, p = 0; i < height; i++) {
    for (let j = 0; j < width; j++, at++, p += 4) {
      const given = values[at];
      out[p + 3] = 255;
      if (given !== given) {
        const light = stripes[Math.floor((i + j) / stripe) % 2];
        const dark = 0.299 * photo[p] + 0.587 * photo[p + 1] + 0.114 * photo[p + 2];
        const grey = plain ? neutral : dark * kept + neutral * (1 - kept);
        out[p] = out[p + 1] = out[p + 2] = Math.floor(grey * light + 0.5);
        continue;
      }
      const value = given < threshold && given > -threshold ? 0 : given, strength = value < 0 ? -value : value;
      const color = 3 * (((signed ? (value + 1) / 2 : value) * 255 + 0.5) | 0);
      if (plain) {
        out[p] = table[color];
        out[p + 1] = table[color + 1];
        out[p + 2] = table[color + 2];
      } else if (masked) {
        out[p] = (photo[p] * strength + 0.5) | 0;
        out[p + 1] = (photo[p + 1] * strength + 0.5) | 0;
        out[p + 2] = (photo[p + 2] * strength + 0.5) | 0;
      } else {
        const alpha = opacity * strength, rest = 1 - alpha;
        out[p] = (photo[p] * rest + table[color] * alpha + 0.5) | 0;
        out[p + 1] = (photo[p + 1] * rest + table[color + 1] * alpha + 0.5) | 0;
        out[p + 2] = (photo[p + 2] * rest + table[color + 2] * alpha + 0.5) | 0;
      }
    }
  }
  return image;
}

function put(canvas, image) {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

