// One field of many papers: a grid of crops over what was read. Only the wrong ones are touched.

const KEYS = [
  ["← → ↑ ↓", "from crop to crop"],
  ["Enter, e, click", "type what stands there; Enter puts it down"],
  ["Esc", "leave it as it was read"],
  ["A", "all others of this page are right"],
  ["u, s, d", "unreadable, skip, disputed"],
  ["Backspace", "undo the last decision"],
  ["n, p", "next page, page before"],
  ["?", "these keys"],
];

/** One crop with its value. */
class Cell {
  constructor(grid, told) {
    this.grid = grid;
    this.shot = make("div", { class: "shot" }, told.placed ? "…" : NO_PLACE);
    this.read = make("div", { class: "read" });
    this.doubt = make("div", { class: "doubt", role: "status", hidden: true });
    this.name = make("span", { class: "name" });
    this.right = make("span");
    this.element = make("div", { class: "cell", onclick: () => this.grid.edit(this) },
      this.shot, this.read, this.doubt, make("div", { class: "under" }, this.name, this.right));
    this.take(told);
  }

  take(told) {
    this.told = told;
    this.element.className = `cell state-${told.state}${this.grid.at === this ? " at" : ""}`;
    this.element.dataset.state = told.state;
    this.element.dataset.k = told.k;
    this.name.textContent = told.label;
    const sure = told.confidence == null ? "" : `${Math.round(100 * told.confidence)}%`;
    this.right.replaceChildren(DECIDED.has(told.state)
      ? make("span", { class: `chip state-${told.state}` }, told.state) : sure);
    if (!this.input) this.write();
  }

  write() {
    const { value, said, state } = this.told;
    if (state === "corrected") this.read.replaceChildren(make("s", {}, value), said || "nothing there");
    else this.read.textContent = value;
  }

  picture(url, trouble) {
    this.seen = Boolean(url);
    this.shot.replaceChildren(url ? cropImage(url) : trouble);
  }

  /** Whether "all others are right" may speak of it: a person saw crop and value. */
  get open() {
    return this.told.state === "prefilled" && this.seen && !this.input;
  }

  edit() {
    if (this.input) return this.input.focus();
    const { said, value, state } = this.told;
    this.start = DECIDED.has(state) && said != null ? said : value;
    this.input = valueBox({}, () => this.changed(), () => this.left());
    this.input.value = this.start;
    this.read.replaceChildren(this.input);
    this.input.focus({ preventScroll: true });
    this.input.select();
    this.grid.count();
  }

  changed() {
    this.doubted = null;
    this.warn("");
  }

  /** What was changed is put down when the field is left; what was not stays as it was. */
  left() {
    if (!this.input || this.pending) return;
    if (this.typed === this.start.trim()) this.close();
    else this.commit();
  }

  /** What was typed, on one line. */
  get typed() {
    return this.input.value.trim().replace(/\s+/g, " ");
  }

  commit() {
    const value = this.typed;
    const force = this.doubted === value;
    this.pending = true;
    this.grid.decide(this, { act: "value", value, force });
  }

  refused({ doubt, refused }) {
    this.pending = false;
    if (doubt) {
      this.doubted = this.input && this.typed;
      this.warn(`${doubt[0].toUpperCase()}${doubt.slice(1)}. Enter again keeps it.`);
      this.input?.focus({ preventScroll: true });
    } else this.warn(refused);
  }

  warn(text) {
    this.doubt.textContent = text;
    this.doubt.hidden = !text;
  }

  close() {
    this.input = null;
    this.pending = false;
    this.warn("");
    this.write();
    this.grid.count();
  }

  pressed(event) {
    if (composes(event)) return false;
    if (event.key === "Enter" && !event.shiftKey) {
      if (!this.pending) this.commit();
      return true;
    }
    if (event.key === "Escape") {
      this.close();
      this.grid.focus();
      return true;
    }
    return false;
  }
}

class Grid extends Page {
  constructor(model, root) {
    super(model, root, "sweep of one field", "sweep");
    this.cells = new Map();
    this.urls = [];
    this.tokens = new Map();
  }

  answered(said, buffers) {
    if (said.tell === "page") this.page(said);
    else if (said.tell === "crop") this.crop(said, buffers);
    else if (said.tell === "decided") this.decided(said);
    else if (said.tell === "undone") this.undone(said);
    else if (said.tell === "refused") this.tokens.get(said.token)?.refused(said);
    else if (said.tell === "trouble") this.say(said.text, true);
  }

  // --- what is shown

  open(said) {
    this.pages = said.pages;
    this.where = make("span", { class: "soft" });
    this.pace = make("span", { class: "pace" });
    this.meter = make("div", { class: "meter", role: "img" });
    this.rest = button({ class: "rest" }, () => this.confirmRest());
    this.grid = make("div", { class: "grid" });
    this.explain(KEYS);
    this.lay([
      make("div", { class: "bar" }, make("b", {}, said.caption || said.field),
        said.caption ? make("span", { class: "soft" }, said.field) : null),
      make("div", { class: "bar" }, tool("page before (p)", "‹", () => this.turn(-1)), this.where,
        tool("next page (n)", "›", () => this.turn(1))),
      make("div", { class: "bar choose" }, this.meter, this.pace),
      make("div", { class: "bar" }, this.rest, tool("undo (Backspace)", "⌫", () => this.ask("undo")),
        tool("keys (?)", "?", () => this.toggleHelp())),
    ], this.grid, this.help);
  }

  page(said) {
    for (const url of this.urls) URL.revokeObjectURL(url);
    this.urls = [];
    this.number = said.page;
    this.cells = new Map(said.cells.map((told) => [told.k, new Cell(this, told)]));
    this.grid.replaceChildren(...[...this.cells.values()].map((cell) => cell.element));
    this.grid.scrollTop = 0;
    this.where.textContent = `page ${said.page + 1} of ${this.pages}`;
    this.move([...this.cells.values()].find((cell) => !DECIDED.has(cell.told.state)) ?? this.cells.values().next().value);
    this.progress(said.progress);
    this.say(this.cells.size ? "" : "No paper has a value in this field.");
    this.element.dataset.page = said.page;
    this.seconds = 0;
  }

  crop(said, buffers) {
    const cell = this.cells.get(said.k);
    if (!cell) return;
    let url = "";
    if (buffers.length) {
      url = addressOf(buffers[0]);
      this.urls.push(url);
    }
    cell.picture(url, said.trouble);
    this.count();
  }

  progress(told) {
    showProgress(this.meter, this.pace, told);
    this.count();
  }

  /** Says how many "all others" are. */
  count() {
    const open = [...this.cells.values()].filter((cell) => cell.open).length;
    const waits = [...this.cells.values()].some((cell) => cell.told.placed && cell.seen === undefined);
    this.rest.disabled = !open || waits;
    this.rest.replaceChildren(waits ? "crops are coming" : `the other ${open} are right`, make("kbd", {}, "A"));
  }

  move(cell) {
    if (!cell) return;
    this.at?.element.classList.remove("at");
    this.at = cell;
    cell.element.classList.add("at");
    cell.element.scrollIntoView({ block: "nearest" });
  }

  // --- decisions

  spent(among) {
    const seconds = this.seconds / Math.max(among, 1);
    this.seconds = 0;
    return seconds;
  }

  decide(cell, what) {
    const token = unique();
    this.tokens.set(token, cell);
    this.ask("decide", { at: cell.told.k, token, seconds: this.spent(1), ...what });
  }

  confirmRest() {
    const open = [...this.cells.values()].filter((cell) => cell.open).map((cell) => cell.told.k);
    if (this.rest.disabled || !open.length) return;
    this.turnAfter = this.number;
    this.ask("rest", { at: open, seconds: this.spent(open.length) });
  }

  decided(said) {
    const owner = this.tokens.get(said.token);
    this.tokens.delete(said.token);
    for (const told of said.cells) {
      const cell = this.cells.get(told.k);
      if (!cell) continue;
      const typing = cell === owner && document.activeElement === cell.input;
      cell.input = null;
      cell.pending = false;
      cell.warn("");
      cell.take(told);
      if (typing) {
        this.focus();
        this.step(1);
      }
    }
    this.progress(said.progress);
    const done = [...this.cells.values()].every((cell) => !cell.open);
    if (said.rest && this.turnAfter === this.number && done && this.number + 1 < this.pages) this.turn(1);
    else if (said.rest && done) this.say(said.progress.left ? "This page is done." : "All are done.");
    this.turnAfter = null;
  }

  undone(said) {
    for (const told of said.cells) this.cells.get(told.k)?.take(told);
    this.move(this.cells.get(said.at));
    this.progress(said.progress);
    this.say("Undone.");
  }

  edit(cell) {
    this.move(cell);
    cell.edit();
  }

  turn(by) {
    const page = Math.min(Math.max(this.number + by, 0), this.pages - 1);
    if (page !== this.number) this.ask("page", { page });
  }

  // --- keys

  /** How many cells stand in a row, as the window happens to be. */
  get columns() {
    const tops = [...this.cells.values()].map((cell) => cell.element.offsetTop);
    return Math.max(1, tops.filter((top) => top === tops[0]).length);
  }

  step(by) {
    const all = [...this.cells.values()];
    this.move(all[Math.min(Math.max(all.indexOf(this.at) + by, 0), all.length - 1)]);
  }

  pressed(event) {
    const cell = [...this.cells.values()].find((one) => one.input && one.input === event.target);
    if (cell) return cell.pressed(event);
    return !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && this.commandKey(event);
  }

  commandKey(event) {
    const { key, target } = event;
    if (key === "Enter" && target.matches("button")) return false;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    if (steps[key]) this.step(steps[key]);
    else if (ACTS[key] && this.at) {
      this.decide(this.at, { act: ACTS[key] });
      this.step(1);
    } else if ((key === "Enter" || key === "e" || key === "F2") && this.at) this.at.edit();
    else if (key === "A") this.confirmRest();
    else if (key === "Backspace") this.ask("undo");
    else if (key === "n" || key === "PageDown") this.turn(1);
    else if (key === "p" || key === "PageUp") this.turn(-1);
    else return this.helpKey(key);
    return true;
  }

  close() {
    super.close();
    for (const url of this.urls) URL.revokeObjectURL(url);
  }
}

export default shows(Grid);
