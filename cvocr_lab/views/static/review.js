// What stands beside the picture when reviewing: one field to answer, and the paper's others.

// What was typed and is not on disk yet, kept on the page by journal and field: a kernel that dies
// takes the widget with it, and the next one puts the text back. Never stored in the browser.
const kept = (window[Symbol.for("cvocr_lab.kept")] ??= new Map());

const STATES = {
  untouched: "nothing read", prefilled: "to do", confirmed: "confirmed", corrected: "corrected",
  skipped: "skipped", unreadable: "unreadable", disputed: "disputed",
};

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

class ReviewSide {
  constructor(board) {
    this.board = board;
    this.bar = make("div", { class: "bar choose" });
    this.head = make("div");
    this.asked = make("div", { class: "asked" });
    this.crop = make("div", { class: "close-up" });
    this.answer = valueBox({ class: "answer" }, () => this.typed(), () => this.left());
    this.verdict = make("div", { class: "verdict", role: "status" });
    this.choices = make("div", { class: "choices" });
    this.note = make("input", { class: "note", placeholder: "note", "aria-label": "note",
      onchange: () => this.noted() });
    this.acts = make("div", { class: "acts" },
      this.act("Confirm", "⏎", () => this.commit({ go: true })),
      this.act("Unreadable", "U", () => this.commit({ act: "unreadable", go: true })),
      this.act("Skip", "S", () => this.commit({ act: "skipped", go: true })),
      this.act("Disputed", "D", () => this.commit({ act: "disputed", go: true })),
      this.act("Undo", "⌫", () => this.undo()));
    this.item = make("div", { class: "item" }, this.asked, this.crop, this.answer, this.verdict,
      this.choices, this.acts, this.note);
    this.list = make("ol", { class: "fields" });
    this.element = make("section", { class: "side review" }, this.item, this.head, this.list);
  }

  act(title, key, call) {
    return button({ onpointerdown: stay }, call, title, make("kbd", {}, key));
  }

  open(said) {
    this.journal = said.journal;
    const choose = () => this.board.ask("choose", { shown: this.shown.value, field: this.only.value });
    const texts = { "to do": "to do, then next", all: "all", noted: "with a note", differ: "engines differ" };
    this.shown = make("select", { title: "which fields", "aria-label": "which fields", onchange: choose },
      ...said.shown.map((s) => make("option", { value: s }, texts[s] ?? s)));
    this.only = make("select", { title: "field", "aria-label": "field", onchange: choose },
      make("option", { value: "" }, "every field"),
      ...said.fields.map((f) => make("option", { value: f }, f)));
    this.meter = make("div", { class: "meter", role: "img" });
    this.pace = make("span", { class: "pace" });
    this.bar.replaceChildren(this.meter, this.pace, this.shown, this.only);
    this.count(said.progress);
  }

  count(progress) {
    const { left, pace, seconds_left: rest } = progress;
    const ahead = left && pace ? [`${pace.toFixed(1)} s each`, `${duration(rest)} left`] : [];
    showProgress(this.meter, this.pace, progress, ahead);
    this.left_over = left;
  }

  get keptKey() {
    return `${this.journal}/${this.told?.row}/${this.told?.field}`;
  }

  show(told, sheet, urls) {
    const arrived = this.told?.at !== told.at || this.shownFor !== told;
    const same = this.told?.at === told.at && document.activeElement === this.answer;
    this.told = told;
    this.head.replaceChildren(heading(told));
    const field = told.fields.find((one) => one.name === told.field);
    this.field = field;
    this.asked.replaceChildren(
      make("b", {}, field.caption || field.name),
      make("span", { class: "soft" }, field.english || ""),
      field.caption ? make("code", {}, field.name) : "",
      make("span", { class: `chip state-${field.state}` }, STATES[field.state]),
      make("span", { class: "why soft" }, field.reason || ""));
    const crop = urls[sheet.crops[told.field]];
    this.crop.replaceChildren(crop
      ? cropImage(crop) : make("span", { class: "soft" }, NO_PLACE));
    this.choices.replaceChildren(...this.offered(field));
    this.list.replaceChildren(...told.fields.filter((one) => one.k != null && one !== field)
      .map((one) => this.line(one, urls[sheet.crops[one.name]])));
    if (arrived && !(same && this.dirty)) this.fill(field);
    this.shownFor = told;
  }

  /** Puts the field's value in the box; only on coming to it, so never under a person's hands. */
  fill(field) {
    const decided = field.state === "confirmed" || field.state === "corrected";
    this.initial = (decided ? field.said : field.value) ?? "";
    const back = kept.get(this.keptKey);
    this.answer.value = back ?? this.initial;
    this.answer.readOnly = false;
    this.note.value = field.note ?? "";
    this.forced = null;
    this.board.seconds = 0;
    this.warn(field.state === "disputed" && field.versions.length
      ? `said: ${field.versions.map((v) => `${v.who}: ${v.value ?? v.state}`).join(" · ")}` : "");
    if (back != null && back !== this.initial) this.warn("What you had typed before is put back; Enter saves it.");
    else this.check();
    this.grow();
    if (document.activeElement === this.answer) {
      this.answer.setSelectionRange(this.answer.value.length, this.answer.value.length);
    }
  }

  /** What others say of the field, to be taken by number. */
  offered(field) {
    const own = field.value ?? "";
    const offers = [[this.told.engine || "engine", own, null]];
    if (field.other != null) offers.push([this.told.other_engine, field.other, field.other_edits]);
    if (field.truth != null) offers.push(["label", field.truth, field.edits]);
    this.offers = offers.map(([, text]) => text);
    if (offers.length === 1 && own === (field.said ?? own)) return [];
    return offers.map(([who, text, edits], at) => {
      const shown = letters(edits ?? [], 1);
      if (!edits?.length) shown.append(text || "(nothing)");
      const button = this.act("", String(at + 1), () => this.take(at));
      button.prepend(make("i", {}, who), shown);
      return button;
    });
  }

  take(at) {
    if (this.offers?.[at] == null || this.answer.readOnly) return;
    this.answer.value = this.offers[at];
    this.typed();
  }

  line(field, crop) {
    const value = DECIDED.has(field.state) && field.state !== "skipped" ? field.said : field.value;
    return make(
      "li",
      { class: "field", "data-field": field.name, onclick: () => this.board.go(field.k),
        onpointerenter: () => this.board.hover(field.name), onpointerleave: () => this.board.hover(null) },
      make("div", { class: "about" },
        make("span", { class: "caption" }, field.caption || field.name),
        field.caption ? make("code", {}, field.name) : null,
        field.note ? make("span", { title: field.note }, "✎") : null,
        make("span", { class: `chip state-${field.state}` }, STATES[field.state])),
      make("div", { class: "value" }, value ?? "—"),
      crop ? cropImage(crop, { class: "crop" }) : null);
  }

  get dirty() {
    return this.field != null && this.answer.value !== this.initial;
  }

  typed() {
    this.grow();
    if (this.dirty) kept.set(this.keptKey, this.answer.value);
    else kept.delete(this.keptKey);
    clearTimeout(this.later);
    if (!this.answer.composing) this.later = setTimeout(() => this.check(), 120);
  }

  check() {
    if (this.told) this.board.ask("check", { at: this.told.at, text: this.answer.value });
  }

  checked(said) {
    if (said.at === this.told?.at && said.text === this.answer.value) this.warn(said.wrong, "doubt");
  }

  warn(text, kind = "") {
    this.verdict.textContent = text ? text[0].toUpperCase() + text.slice(1) : "";
    this.verdict.className = `verdict ${kind}`;
  }

  grow() {
    this.answer.style.height = "auto";
    this.answer.style.height = `${this.answer.scrollHeight + 2}px`;
  }

  left() {
    if (this.dirty && !this.pending) this.commit({ force: true });
  }

  noted() {
    if (this.field && this.note.value !== (this.field.note ?? "")) this.commit({ act: "note" });
  }

  /** Sends a decision; the screen moves when the kernel says that it is on disk. */
  commit({ act = "value", go = false, force = false } = {}) {
    if (!this.field || this.answer.composing) return;
    if (this.pending) {
      // After one that moves on, a key would speak of a field nobody has seen yet.
      if (!this.pending.go) this.waiting = { act, go, force };
      return;
    }
    const value = this.answer.value;
    this.pending = { token: unique(), key: this.keptKey, go, value, act };
    this.answer.readOnly = true;
    this.element.dataset.pending = act;
    this.board.ask("decide", {
      at: this.told.at, token: this.pending.token, act, value, note: this.note.value, go,
      force: force || this.forced === value, seconds: this.board.seconds, ...this.board.screen(),
    });
  }

  decided(said) {
    this.count(said.progress);
    if (said.token !== this.pending?.token) return;
    const { go, key, value, act } = this.pending;
    this.settle();
    if (act !== "note") kept.delete(key);
    if (act === "value") this.initial = value;
    const { then, waiting } = this;
    this.then = this.waiting = null;
    if (waiting) this.commit(waiting);
    else if (then != null) this.board.go(then);
    else if (go && said.next != null) this.board.expect(said.next);
    if (!this.left_over) this.board.say("All fields are decided. Close the notebook whenever you like.");
    else this.board.say("");
  }

  refused(said) {
    if (said.token !== this.pending?.token) return;
    this.settle();
    this.waiting = this.then = null;
    if (said.refused) this.board.say(`${said.refused} What you typed is still here.`, true);
    else {
      this.forced = this.answer.value;
      this.warn(`${said.doubt}: Enter again keeps it as it is`, "doubt");
    }
  }

  settle() {
    this.pending = null;
    this.answer.readOnly = false;
    delete this.element.dataset.pending;
  }

  undo() {
    if (this.pending) return;
    kept.delete(this.keptKey);
    this.answer.value = this.initial;
    this.board.ask("undo", this.board.screen());
  }

  undone(said) {
    this.count(said.progress);
    if (said.at == null) return this.board.say(`Undone: a decision about ${said.field}, which is not in this queue.`);
    this.board.say(`Undone: ${said.field}.`);
    this.shownFor = null;
    this.board.expect(said.at);
  }

  /** Leaves for another item; what was typed is saved first. */
  leave(at) {
    if (at == null) return;
    if (this.dirty || this.pending) {
      this.then = at;
      this.commit({ force: true });
    } else this.board.go(at);
  }

  /** Keys while typing: only those that no input method and no editing needs. */
  answerKey(event) {
    if (composes(event)) return false;
    if (event.key === "Enter" && !event.shiftKey) this.commit({ go: true });
    else if (event.key === "Escape") {
      this.answer.value = this.initial;
      this.typed();
      this.board.focus();
    } else if (event.key === "PageDown" || (event.altKey && event.key === "ArrowDown")) this.leave(this.told.after);
    else if (event.key === "PageUp" || (event.altKey && event.key === "ArrowUp")) this.leave(this.told.before);
    else if (event.altKey && !event.ctrlKey && this.decideBy(event.code.replace(/^(Key|Digit)/, ""))) return true;
    else return false;
    return true;
  }

  decideBy(key) {
    const act = ACTS[key.toLowerCase()];
    if (act) this.commit({ act, go: true });
    else if (key === "N") this.note.focus();
    else if (key === "Backspace") this.undo();
    else if (/^[1-3]$/.test(key)) this.take(Number(key) - 1);
    else return false;
    return true;
  }

  key(event) {
    if (event.key === "Enter") this.commit({ go: true });
    else if (event.key === "e" || event.key === "F2") this.answer.focus();
    else if (event.key === "ArrowRight" || event.key === "PageDown") this.leave(this.told?.after);
    else if (event.key === "ArrowLeft" || event.key === "PageUp") this.leave(this.told?.before);
    else if (event.key === "n") this.note.focus();
    else return this.decideBy(event.key.length === 1 ? event.key.toUpperCase() : event.key);
    return true;
  }

  mark(hovered) {
    for (const line of this.list.children) line.classList.toggle("near", line.dataset.field === hovered);
  }

  close() {
    clearTimeout(this.later);
  }
}

const REVIEW_KEYS = [
  ["Enter", "save and go on"], ["e or F2", "edit the value"], ["Esc", "leave the box, put the value back"],
  ["u s d", "unreadable, skip, disputed (Alt while typing)"], ["1 2 3", "take an answer (Alt while typing)"],
  ["n", "note (Alt while typing)"], ["Backspace", "undo, earlier sessions too (Alt while typing)"],
  ["← →", "field before, next (Page Up, Page Down while typing)"], ["g", "go to a number"],
  ["z", "zoom to the field"], ["+ − 0", "zoom, paper or whole photo"], ["Shift + arrows", "move the picture"],
  ["r R", "turn"], ["v", "values on the picture"], ["?", "this list"],
];
