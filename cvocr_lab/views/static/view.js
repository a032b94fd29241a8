// The side panel of the viewer: the rectified paper, and its fields.

const SORT_NAMES = { confidence: "by confidence", outcome: "by outcome", cer: "by CER", type: "by type", index: "by index" };
const DIRECTIONS = { confidence: ["least first", "most first"], outcome: ["most wrong first", "least wrong first"],
  cer: ["highest first", "lowest first"], type: ["A to Z", "Z to A"] };
const OUTCOMES = {
  correct: "correct", wrong: "wrong", missing: "missing", invented: "invented", absent: "absent",
};

/** Returns one side of a comparison, with the letters that differ marked. */
function letters(edits, side) {
  const line = make("span", { class: "letters" });
  for (const edit of edits) {
    line.append(edit[0] === "equal" ? edit[side] : make("mark", {}, edit[side].replaceAll(" ", "␣") || "·"));
  }
  return line;
}

/** Shows the printed text above the text that was read. */
function differences(edits) {
  return make("div", { class: "differences" }, ...[["printed", 1], ["read", 2]].map(([title, side]) =>
    make("div", { class: "line" }, make("i", {}, title), letters(edits, side))));
}

/** Returns the heading of a row: its type, source, warnings and tags. */
function heading(told, tags = []) {
  const title = told.title || (told.error ? "Not read" : "No type");
  const chips = [
    told.page > 1 ? `page ${told.page}` : "", told.engine,
    ...told.warnings.map((code) => code.replaceAll("_", " ")), ...tags,
  ].filter(Boolean);
  return make(
    "header", { class: "heading" },
    make("div", { class: "title" }, make("b", {}, title), make("span", { class: "soft" },
      [told.label && `row ${told.label}`, told.source].filter(Boolean).join(" · "))),
    chips.length ? make("div", { class: "chips" }, ...chips.map((chip) =>
      make("span", { class: "chip" }, chip))) : null,
    told.error ? make("p", { class: "error" }, told.error) : null,
  );
}

class ViewSide {
  constructor(board) {
    this.board = board;
    this.head = make("div");
    this.paper = new Stage({ hover: (name) => board.hover(name), pick: (name) => board.pick(name) });
    this.paper.element.classList.add("paper");
    this.list = make("ol", { class: "fields" });
    this.tagLine = new TagLine(board);
    this.element = make("section", { class: "side" }, this.head, this.paper.element, this.list);
    this.bar = make("div", { class: "bar choose" });
    this.paperOn = true;
    this.facetBars = new Facets(this);
  }

  open(said) {
    this.wish = said.wish;
    this.tagging = said.tagging;
  }

  /** Builds the filters; they arrive after the first row, since a long frame takes some time. */
  choices(said) {
    const select = (name, title, pairs) => make(
      "select", { name, title, "aria-label": title, onchange: (event) => this.choose({ [name]: event.target.value }) },
      make("option", { value: "" }, title), ...pairs.map(([value, text]) => make("option", { value }, text)));
    const same = (texts) => texts.map((text) => [text, text.replaceAll("_", " ")]);
    const confidences = [0.5, 0.8, 0.9, 0.95, 0.99].map((c) => [String(c), `below ${percent(c)}`]);
    this.below = select("below", "any confidence", confidences);
    this.below.onchange = () => this.choose({ above: 0, below: Number(this.below.value) || 0 });
    this.sorts = select("sort", "frame order", said.sorts.map((s) => [s, SORT_NAMES[s]]));
    this.sorts.append(make("optgroup", { label: "columns" }, ...said.columns
      .filter((c) => !said.sorts.includes(c)).map((c) => make("option", { value: c }, c))));
    this.direction = button({ class: "direction" }, () => this.choose({ reverse: !this.wish.reverse }));
    this.query = make("input", {
      name: "query", type: "search", spellcheck: "false", "aria-label": "query",
      placeholder: "query: id_confidence < 0.9", onchange: () => this.choose({ query: this.query.value }),
    });
    this.tagged({ known: said.tags });
    this.bar.replaceChildren(
      select("type", "any type", same(said.types)),
      said.warnings.length ? select("warning", "any warning", same(said.warnings)) : "",
      said.outcomes.length ? select("outcome", "any outcome", same(said.outcomes)) : "",
      this.tagChoice, this.below, make("span", { class: "sorting" }, this.sorts, this.direction), this.query);
    this.mirror();
  }

  /** Updates the tags of a row, and those that rows can be filtered by. */
  tagged({ at, tags, known }) {
    this.known = known;
    this.tagChoice ??= make("select", { name: "tag", title: "any tag", "aria-label": "any tag",
      onchange: () => this.choose({ tag: this.tagChoice.value }) });
    this.tagChoice.hidden = !known.length;
    this.tagChoice.replaceChildren(make("option", { value: "" }, "any tag"),
      ...known.map((tag) => make("option", { value: tag }, tag)));
    this.tagChoice.value = this.wish.tag;
    if (!tags) return;
    const told = this.board.toldAt.get(at);
    if (told) told.tags = tags;
    if (at === this.board.told?.at) this.tagLine.show(tags, known);
    this.facetBars.refresh();
  }

  facets(said) {
    this.facetBars.show(said.facets);
  }

  /** Requests the rows for a changed filter. */
  choose(part) {
    this.wish = { ...this.wish, ...part };
    this.mirror();
    this.board.say("Filtering…");
    this.board.ask("choose", this.wish);
  }

  /** Updates the controls to show the current filter. */
  mirror() {
    if (!this.below) return; // the filters have not arrived yet
    for (const control of this.bar.querySelectorAll("[name]")) {
      if (control !== this.below) control.value = this.wish[control.name];
    }
    const { above, below, sort, reverse } = this.wish;
    this.below.querySelector("[data-own]")?.remove();
    const own = above || (below && ![...this.below.options].some((o) => Number(o.value) === below));
    if (own) {
      this.below.append(make("option", { value: "own", "data-own": true },
        `${percent(above)} to ${percent(below || 1)}`));
    }
    this.below.value = own ? "own" : below ? String(below) : "";
    const [first, last] = DIRECTIONS[sort] ?? (sort ? ["lowest first", "highest first"] : ["first to last", "last to first"]);
    this.direction.textContent = reverse ? `↓ ${last}` : `↑ ${first}`;
    this.direction.title = "reverse the order";
  }

  /** Empties the panel. */
  clear() {
    this.told = null;
    this.head.replaceChildren();
    this.list.replaceChildren();
    this.paper.clear();
    this.paper.element.hidden = true;
  }

  /** Removes all filters. */
  all() {
    this.choose({ type: "", warning: "", outcome: "", tag: "", above: 0, below: 0, query: "" });
  }

  show(told, sheet, urls) {
    this.told = told;
    this.head.replaceChildren(...(this.tagging ? [heading(told), this.tagLine.element] : [heading(told, told.tags)]));
    this.tagLine.show(told.tags, this.known);
    const paper = urls[sheet.paper];
    this.paper.element.hidden = !paper || !this.paperOn;
    if (paper) {
      this.paper.show({
        key: told.row, url: paper, size: sheet.paper_size, quads: sheet.paper_quads, fields: told.fields,
      });
    }
    this.list.replaceChildren(...told.fields.map((field) => this.line(field, urls[sheet.crops[field.name]])));
    this.picked ??= null;
    if (!told.fields.some((field) => field.name === this.picked)) this.picked = null;
  }

  line(field, crop) {
    const read = field.value != null;
    const tone = toneOf(field);
    return make(
      "li",
      {
        class: `field tone-${tone}${read ? "" : " empty"}`, "data-field": field.name,
        onpointerenter: () => this.board.hover(field.name),
        onpointerleave: () => this.board.hover(null),
        onclick: () => this.board.pick(field.name),
      },
      make("div", { class: "about" },
        make("span", { class: "caption", title: field.english }, field.caption || field.name),
        field.caption ? make("code", {}, field.name) : null,
        make("span", { class: "sure" },
          [OUTCOMES[field.outcome], percent(field.confidence)].filter(Boolean).join(" · "))),
      make("div", { class: "value" }, read ? field.value : "nothing read"),
      field.edits?.length ? differences(field.edits) : null,
      crop ? cropImage(crop, { class: "crop" }) : null,
    );
  }

  mark(hovered, picked) {
    this.paper.mark(hovered, picked);
    for (const line of this.list.children) {
      line.classList.toggle("near", line.dataset.field === hovered);
      const chosen = line.dataset.field === picked;
      if (chosen && !line.classList.contains("picked")) reveal(line, this.element);
      line.classList.toggle("picked", chosen);
    }
  }

  /** Returns the next or the previous field. */
  step(by, picked) {
    const names = this.told?.fields.map((field) => field.name) ?? [];
    const at = names.indexOf(picked);
    return names[at < 0 ? (by > 0 ? 0 : names.length - 1) : Math.min(Math.max(at + by, 0), names.length - 1)];
  }

  key(event) {
    const board = this.board;
    if (event.key === "o") return board.showGallery(!board.galleryOn);
    if (event.key === "f") return this.toggleFacets();
    if (event.key === "ArrowRight" || event.key === "n") board.go(board.at + 1);
    else if (event.key === "ArrowLeft" || event.key === "p") board.go(board.at - 1);
    else if (event.key === "Home") board.go(0);
    else if (event.key === "End") board.go(board.count - 1);
    else if (event.key === "/") this.query?.focus();
    else if (event.key === "t" && this.tagging) this.tagLine.focus();
    else if (event.key === "c") {
      this.paperOn = !this.paperOn;
      board.paint();
    } else return false;
    return true;
  }

  toggleFacets() {
    this.facetBars.toggle();
    return true;
  }

  close() {
    this.paper.close();
  }
}
