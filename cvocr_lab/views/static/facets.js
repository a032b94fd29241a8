// The distribution of the rows, as bars that filter the rows when clicked.

const FACETS = { type: "type of paper", warning: "warnings", outcome: "outcome", tag: "tags", confidence: "lowest confidence" };

class Facets {
  /** @param {ViewSide} side */
  constructor(side) {
    this.side = side;
    this.element = make("div", { class: "facets", hidden: true });
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    this.refresh();
  }

  refresh() {
    if (!this.element.hidden) this.side.board.ask("facets");
  }

  show(facets) {
    this.element.replaceChildren(...facets.map((facet) => make("section", { "data-facet": facet.name },
      make("h4", {}, FACETS[facet.name]),
      facet.name === "confidence" ? this.histogram(facet.bars) : this.bars(facet.name, facet.bars))));
  }

  bars(name, bars) {
    const most = Math.max(...bars.map((bar) => bar.all), 1);
    return make("div", { class: "bars-across" }, ...bars.map((bar) => {
      const active = this.side.wish[name] === bar.value;
      return button({ class: "facet-bar", "aria-pressed": String(active), title: `${bar.label}: ${bar.kept} of ${bar.all}`,
        "data-value": bar.value }, () => this.side.choose({ [name]: active ? "" : bar.value }),
      make("i", { style: `width:${(100 * bar.all) / most}%` }), make("u", { style: `width:${(100 * bar.kept) / most}%` }),
      make("span", {}, bar.label), make("b", {}, `${bar.kept}`));
    }));
  }

  histogram(bars) {
    const most = Math.max(...bars.map((bar) => bar.all), 1);
    const high = (count) => (count ? Math.max(2, (100 * Math.sqrt(count)) / Math.sqrt(most)) : 0);
    return make("div", { class: "bars-up" }, ...bars.map((bar) => {
      const { above, below } = this.side.wish;
      const active = above === bar.above && below === bar.below;
      const title = `${percent(bar.above)} to ${percent(bar.below || 1)}: ${bar.kept} of ${bar.all}`;
      return button({ class: "facet-bar", "aria-pressed": String(active), title, "data-value": bar.above },
        () => this.side.choose(active ? { above: 0, below: 0 } : { above: bar.above, below: bar.below }),
        make("i", { style: `height:${high(bar.all)}%` }), make("u", { style: `height:${high(bar.kept)}%` }));
    }), make("span", { class: "axis" }, make("span", {}, "0"), make("span", {}, "50 %"), make("span", {}, "100 %")));
  }
}
