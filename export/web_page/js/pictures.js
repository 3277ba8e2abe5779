// Images as pixels: on canvases, and in PNG files.

const GAP = 2; // pixels between the images of a grid

/** A canvas of the images' true size; the style sheet enlarges it. */
export function canvasFor(model) {
  const [height, width] = model.image_shape;
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** Paints an image, floats (H * W * C) in [0, 1], on a canvas of its size. */
export function paint(canvas, image, model) {
  const [height, width, channels] = model.image_shape;
  const data = new ImageData(width, height);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let c = 0; c < 3; c++) {
      const value = image[pixel * channels + (channels === 1 ? 0 : c)];
      data.data[4 * pixel + c] = Math.round(255 * Math.min(1, Math.max(0, value)));
    }
    data.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(data, 0, 0);
}

/** One canvas of rows of canvases, each of whose pixels becomes a square of `scale`. */
export function sheet(rows, scale) {
  const { width, height } = rows[0][0];
  const whole = document.createElement("canvas");
  whole.width = rows[0].length * (width * scale + GAP) - GAP;
  whole.height = rows.length * (height * scale + GAP) - GAP;
  const context = whole.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = "white";
  context.fillRect(0, 0, whole.width, whole.height);
  rows.forEach((row, y) => row.forEach((canvas, x) => {
    const [left, top] = [x * (width * scale + GAP), y * (height * scale + GAP)];
    context.drawImage(canvas, left, top, width * scale, height * scale);
  }));
  return whole;
}

/** Saves a canvas as a PNG file, by the browser's download. */
export async function save(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
