// The page of the viewer and of the reviewer: cached pictures, layout, keys.

const KEPT = 8; // number of rows whose pictures are cached

class Board extends Page {
  constructor(model, root) {
    super(model, root, "document viewer");
    this.rows = new Map(); // row -> {sheet, urls}
    this.told = null;
    this.toldAt = new Map();
    this.rowOf = new Map();
    this.at = 0;
    this.count = 0;
    this.hovered = this.picked = null;
    this.stage = new Stage({
      hover: (name) => this.hover(name), pick: (name) => this.pick(name),
      sharpen: (edge) => this.sharpen(edge),
    });
    this.galleryOn = false;
    this.choice = 0; // number of the selection, since each one changes the rows' positions
  }

  listen() {
    super.listen();
    this.element.addEventListener("pointerdown", (event) => {
      if (!event.target.closest("input, textarea, select, button")) this.focus();
    });
    // Typed text goes to the box, wherever the person has clicked.
    this.element.addEventListener("focus", () => this.side?.box?.focus());
  }

  focus() {
    if (this.side?.box) this.side.box.focus();
    else super.focus();
  }

  get safe() {
    const typed = this.side.pending || this.side.dirty;
    return typed ? "What you typed is kept on this page, but not yet on disk." : "Nothing is lost.";
  }

  answered(said, buffers) {
    if (said.choice != null && said.choice !== this.choice) return;
    if (said.tell === "show") this.arrived(said, buffers);
    else if (said.tell === "thumb") this.gallery.arrived(said, buffers);
    else if (said.tell === "chosen") this.chosen(said);
    else if (said.tell === "sharp") this.sharpened(said, buffers);
    else if (said.tell === "trouble") {
      this.inFlight = null;
      this.say(said.text, true);
    } else this.side[said.tell]?.(said);
  }

  // --- layout

  open(said) {
    this.mode = said.mode;
    this.side = said.mode === "review" ? new ReviewSide(this) : new ViewSide(this);
    if (said.mode === "review") this.stage.on.boxed = (name, quad) => this.side.boxed(name, quad);
    const alt = said.mode === "review" ? "Alt+" : "";
    this.number = make("input", { class: "number", type: "text", inputmode: "numeric", title: `go to (${alt}G)`,
      "aria-label": "number", onchange: () => this.jump() });
    this.of = make("span", { class: "soft" });
    const step = (by) => (said.mode === "review"
      ? this.side.leave(by > 0 ? this.told?.after : this.told?.before) : this.go(this.at + by));
    const move = make("div", { class: "bar move" },
      tool("previous (←)", "‹", () => step(-1)), this.number, this.of, tool("next (→)", "›", () => step(1)));
    const tools = make("div", { class: "bar tools" },
      tool(`smaller (${alt}−)`, "−", () => this.stage.zoom(0.8)), tool(`larger (${alt}+)`, "+", () => this.stage.zoom(1.25)),
      tool(`the paper, the whole photo (${alt}0)`, "⤢", () => this.stage.fit()), tool(`turn right (${alt}R)`, "↻", () => this.stage.turn(90)),
      tool(`values on the picture (${alt}V)`, "Aa", () => this.toggleLabels()),
      ...(said.mode === "view" ? [tool("gallery of many papers (o)", "▦", () => this.showGallery(!this.galleryOn)),
        tool("distribution of the rows (f)", "▤", () => this.side.toggleFacets())] : []),
      tool("keys (F1)", "?", () => this.toggleHelp()));
    this.body = make("div", { class: "body" }, this.stage.element, this.side.element, this.help);
    const parts = [this.body];
    if (said.mode === "view") {
      this.gallery = new Gallery(this);
      this.body.append(this.gallery.element);
      parts.unshift(this.side.facetBars.element);
    }
    this.lay([move, this.side.bar, tools], ...parts);
    this.element.dataset.mode = said.mode;
    this.side.open(said);
    if (said.mode === "review") this.side.turned();
    else this.hint("", VIEW_HINTS);
    this.explain(said.mode === "review" ? REVIEW_KEYS : VIEW_KEYS);
    this.stage.labels = said.mode === "view";
    this.chosen({ count: said.count, at: said.at });
    if (said.mode === "view") this.ask("choices");
  }

  chosen({ count, at, found = count }) {
    this.choice += 1;
    this.count = count;
    this.toldAt.clear();
    this.rowOf.clear();
    this.inFlight = null;
    this.say("");
    this.side.facetBars?.refresh();
    if (!found || at == null) {
      this.empty();
      return;
    }
    this.expect(at);
    this.gallery?.reset(count);
    this.want();
  }

  /** Shows a message instead of the picture if no row is selected. */
  empty() {
    this.told = null;
    this.number.value = 0;
    this.of.textContent = `/ ${this.count}`;
    this.gallery?.reset(0);
    this.showGallery(false);
    this.stage.clear(
      this.mode === "review" ? "No field matches this selection." : "No row matches these filters.",
      button({ class: "again" }, () => this.side.all(), this.mode === "review" ? "All fields to do" : "Show all rows"));
    this.side.clear();
    delete this.element.dataset.shown;
    delete this.element.dataset.row;
  }

  /** Shows the gallery instead of the picture, or the picture again. */
  showGallery(on) {
    if (!this.gallery || this.galleryOn === on || (on && !this.count)) return true;
    this.galleryOn = on;
    this.body.classList.toggle("many", on);
    this.gallery.show(on);
    this.hint("", on ? GALLERY_HINTS : VIEW_HINTS);
    if (!on && this.told?.at !== this.at) this.go(this.at);
    return true;
  }

  toggleLabels() {
    this.stage.showLabels(!this.stage.labels);
  }

  // --- rows

  screen() {
    const { clientWidth, clientHeight } = this.stage.element;
    const edge = Math.ceil(Math.max(clientWidth, clientHeight, 600) * (window.devicePixelRatio || 1));
    return { have: [...this.rows.keys()], edge, choice: this.choice };
  }

  expect(at) {
    this.at = at;
    this.number.value = at + 1;
    this.of.textContent = `/ ${this.count}`;
  }

  jump() {
    const at = Number.parseInt(this.number.value, 10) - 1;
    if (Number.isNaN(at)) this.number.value = this.at + 1;
    else this.go(at);
  }

  go(at) {
    if (at == null || !this.count) return;
    this.expect(Math.min(Math.max(at, 0), this.count - 1));
    const told = this.toldAt.get(this.at);
    if (told && this.rows.has(told.row)) {
      this.told = told;
      this.paint();
      if (this.inFlight == null) this.preload();
      this.ask("moved", { at: this.at });
    } else this.want();
  }

  want() {
    if (this.inFlight != null) return;
    this.inFlight = this.at;
    this.ask("show", { at: this.at, ...this.screen() });
  }

  preload() {
    if (this.inFlight != null || !this.told) return;
    const near = this.mode === "review" ? [this.told.next, this.told.after]
      : [this.at + 1, this.at - 1, this.at + 2];
    const next = near.find((at) => at != null && at >= 0 && at < this.count
      && !(this.rowOf.has(at) && this.rows.has(this.rowOf.get(at))));
    if (next == null) return;
    this.inFlight = next;
    this.ask("show", { at: next, ahead: true, ...this.screen() });
  }

  async arrived(said, buffers) {
    if (this.inFlight === said.at) this.inFlight = null;
    this.rowOf.set(said.at, said.row);
    if (said.sheet) {
      const urls = buffers.map(addressOf);
      this.keep(said.row, { sheet: said.sheet, urls });
      // Decode it before it is needed, so that it is shown without delay.
      const picture = new Image();
      picture.src = urls[said.sheet.photo] ?? "";
      this.rows.get(said.row).picture = picture;
      if (picture.src) await picture.decode().catch(() => {});
    }
    if (this.mode === "view") this.toldAt.set(said.at, said);
    if (said.at === this.at && this.rows.has(said.row)) {
      this.told = said;
      this.paint();
    }
    if (this.told?.at === this.at) this.preload();
    else this.want();
  }

  keep(row, entry) {
    this.drop(row);
    this.rows.set(row, entry);
    for (const old of this.rows.keys()) {
      if (this.rows.size <= KEPT) break;
      if (old !== this.told?.row && old !== row) this.drop(old);
    }
  }

  drop(row) {
    for (const url of this.rows.get(row)?.urls ?? []) URL.revokeObjectURL(url);
    this.rows.delete(row);
  }

  paint() {
    const { told } = this;
    const entry = this.rows.get(told.row);
    this.rows.delete(told.row);
    this.rows.set(told.row, entry); // the most recently used is the last
    const { sheet, urls } = entry;
    const quads = Object.fromEntries(told.fields.filter((f) => f.quad).map((f) => [f.name, f.quad]));
    this.stage.show({ key: told.row, url: entry.sharp ?? urls[sheet.photo], size: sheet.size, quads,
      fields: told.fields, corners: told.corners, turn: sheet.turn, message: sheet.trouble });
    this.side.show(told, sheet, urls);
    if (this.mode === "review") this.picked = told.field;
    else if (!quads[this.picked] && !told.fields.some((f) => f.name === this.picked)) this.picked = null;
    this.marks();
    this.element.dataset.shown = this.at;
    this.element.dataset.row = told.row;
  }

  sharpen(edge) {
    const entry = this.rows.get(this.told?.row);
    const have = entry?.edge ?? (entry?.picture ? Math.max(entry.picture.naturalWidth, entry.picture.naturalHeight) : 0);
    clearTimeout(this.sharper);
    if (!have || edge <= have * 1.2 || have >= 4000) return;
    this.sharper = setTimeout(() => {
      entry.edge = Math.ceil(edge * 1.3);
      this.ask("sharp", { row: this.told.row, edge: entry.edge });
    }, 200);
  }

  sharpened(said, buffers) {
    const entry = this.rows.get(said.row);
    if (!entry || !buffers.length) return;
    entry.sharp = addressOf(buffers[0]);
    entry.urls.push(entry.sharp);
    if (said.row === this.told?.row) this.stage.replaceImage(entry.sharp);
  }

  // --- marks

  hover(name) {
    this.hovered = name;
    this.marks();
  }

  pick(name) {
    if (this.mode === "review") {
      const field = this.told?.fields.find((one) => one.name === name);
      if (field?.k != null) this.side.leave(field.k);
      return;
    }
    this.picked = this.picked === name ? null : name;
    this.marks();
  }

  marks() {
    this.stage.mark(this.hovered, this.picked);
    this.side.mark(this.hovered, this.picked);
  }

  // --- keys

  pressed(event) {
    const { target } = event;
    if (target === this.side.box?.element) return this.side.boxKey(event);
    if (target.matches("input, textarea, select")) {
      const done = target.matches("input") && event.key === "Enter" && !composes(event);
      const leaves = done || event.key === "Escape";
      if (leaves) this.focus(); // the `change` event handles the text
      return leaves;
    }
    if (this.mode === "review") {
      return !(["Enter", "Tab"].includes(event.key) || composes(event)) && this.side.command(chord(event));
    }
    if (event.ctrlKey || event.metaKey || event.isComposing) return false;
    return !(event.key === "Enter" && target.matches("button")) && this.commandKey(event);
  }

  commandKey(event) {
    const { key } = event;
    const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.shiftKey && arrows[key]) this.stage.pan(...arrows[key]);
    else if (event.altKey) return false;
    else if (key === "+" || key === "=") this.stage.zoom(1.25);
    else if (key === "-") this.stage.zoom(0.8);
    else if (key === "0") this.stage.fit();
    else if (key === "r") this.stage.turn(90);
    else if (key === "R") this.stage.turn(-90);
    else if (key === "v") this.toggleLabels();
    else if (this.helpKey(key) || (this.galleryOn && this.gallery.key(key))) return true;
    else if (key === "g") this.number.select();
    else if (key === "z") this.zoomToPicked();
    else if (key === "ArrowDown" || key === "ArrowUp") {
      this.picked = this.side.step(key === "ArrowDown" ? 1 : -1, this.picked);
      this.marks();
    } else return this.side.key(event);
    return true;
  }

  zoomToPicked() {
    const name = this.picked ?? this.hovered;
    if (this.stage.fitted && name) this.stage.zoomTo(name);
    else this.stage.fit();
  }

  close() {
    super.close();
    clearTimeout(this.sharper);
    this.side?.close();
    this.gallery?.close();
    this.stage.close();
    for (const row of [...this.rows.keys()]) this.drop(row);
  }
}

export default shows(Board);
