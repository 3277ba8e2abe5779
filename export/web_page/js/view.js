// What is shown: kept in the address, so that a link shows the same.

import { checkLabel, checkSeed } from "./generator.js";

export const COLUMNS = [1, 20];
const MANY_CLASSES = 10;

/** What is shown at first. */
export function firstView(model) {
  const all = [...Array(model.num_classes ?? 0).keys()];
  return {
    classes: all.slice(0, MANY_CLASSES),
    seed: 0,
    columns: window.innerWidth < 600 ? 5 : 10,
    selected: null, // { label, seed }
    moves: model.directions.map(() => 0),
    from: 0,
    to: 1,
  };
}

/**
 * Reads the part of an address after "#".
 *
 * @returns {[object, string[]]} the view, and what was wrong; that is shown as at first
 */
export function parse(hash, model) {
  const view = firstView(model);
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const problems = [];
  const read = (key, make) => {
    if (!given.has(key)) return;
    try {
      view[key] = make(given.get(key));
    } catch (error) {
      problems.push(error.message);
    }
  };
  if (model.num_classes !== null) {
    read("classes", (text) => text.split(",").filter(Boolean).map((part) => labelOf(part, model)));
  }
  read("seed", seedOf);
  read("columns", (text) => columnsOf(text));
  read("selected", (text) => {
    const [seed, label] = text.split(",");
    return { seed: seedOf(seed), label: labelOf(label, model) };
  });
  read("moves", (text) => view.moves.map((_, k) => Math.max(-3, Math.min(3, Number(text.split(",")[k]) || 0))));
  read("from", seedOf);
  read("to", seedOf);
  return [view, problems];
}

/** The part of an address after "#" that `parse` reads. */
export function format(view, model) {
  const parts = [`seed=${view.seed}`, `columns=${view.columns}`];
  if (model.num_classes !== null) parts.unshift(`classes=${view.classes.join(",")}`);
  if (view.selected) {
    const { seed, label } = view.selected;
    parts.push(`selected=${label === undefined ? seed : `${seed},${label}`}`);
  }
  if (view.moves.some(Boolean)) parts.push(`moves=${view.moves.join(",")}`);
  return `#${[...parts, `from=${view.from}`, `to=${view.to}`].join("&")}`;
}

/** A seed written in an address or a field. */
export function seedOf(text) {
  return checkSeed(text.trim() === "" ? NaN : Number(text));
}

export function columnsOf(text) {
  const [low, high] = COLUMNS;
  return wholeOf(text, low, high, "The number of columns");
}

/** A whole number written in a field. */
export function wholeOf(text, low, high, what) {
  const number = text.trim() === "" ? NaN : Number(text);
  if (!Number.isInteger(number) || number < low || number > high) {
    throw new RangeError(`${what} is a whole number from ${low} to ${high}, not ${text || "nothing"}.`);
  }
  return number;
}

function labelOf(text, model) {
  const label = text === undefined ? undefined : Number(text);
  checkLabel(label, model);
  return label;
}

/** An image in words. */
export function named({ label, seed }, model) {
  return label === undefined ? `seed ${seed}` : `class ${className(label, model)}, seed ${seed}`;
}

export function className(label, model) {
  return model.class_names[label] ?? String(label);
}
