// Sorts the table of layers by a click on a head, and finds layers by words. Nothing is ever fetched.
(function () {
  "use strict";
  var table = document.getElementById("table");
  if (!table) { return; }
  var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);
  var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
  var order = document.getElementById("order"), words = document.getElementById("words");
  var bad = document.getElementById("bad"), count = document.getElementById("count");

  function key(row, column) { return row.cells[column].getAttribute("data-v"); }

  // What a layer does not have comes last either way, NaN first where the worst comes first.
  function compare(a, b, column, sign, text) {
    var x = key(a, column), y = key(b, column);
    if (x === "" || y === "") { return x === y ? 0 : x === "" ? 1 : -1; }
    if (text) { return sign * x.localeCompare(y, undefined, { numeric: true }); }
    if (x === "nan" || y === "nan") { return x === y ? 0 : x === "nan" ? -1 : 1; }
    x = parseFloat(x.replace("inf", "Infinity"));
    y = parseFloat(y.replace("inf", "Infinity"));
    return x === y ? 0 : sign * (x < y ? -1 : 1);
  }

  function sort(column, descending) {
    var head = heads[column], text = head.hasAttribute("data-text"), sign = descending ? -1 : 1;
    var sorted = rows.map(function (row, place) { return [row, place]; }).sort(function (a, b) {
      return compare(a[0], b[0], column, sign, text) || a[1] - b[1];
    });
    heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    sorted.forEach(function (pair) { body.appendChild(pair[0]); });
    order.value = String(column);
  }

  function first(column) { return heads[column].getAttribute("data-first") === "down"; }

  heads.forEach(function (head, column) {
    head.tabIndex = 0;
    function turn() {
      var now = head.getAttribute("aria-sort");
      sort(column, now ? now === "ascending" : first(column));
    }
    head.addEventListener("click", turn);
    head.addEventListener("keydown", function (event) {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); turn(); }
    });
    var option = document.createElement("option");
    option.value = String(column);
    option.textContent = head.textContent;
    order.appendChild(option);
  });

  function choose() {
    var wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      var fits = wanted.every(function (word) { return text.indexOf(word) >= 0; });
      if (bad.checked && row.getAttribute("data-ok") !== null) { fits = false; }
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    count.textContent = count.getAttribute("data-said").replace("%d", shown).replace("%d", rows.length);
  }

  order.addEventListener("change", function () {
    var column = parseInt(order.value, 10);
    sort(column, first(column));
  });
  words.addEventListener("input", choose);
  bad.addEventListener("change", choose);
  document.getElementById("controls").hidden = false;
  choose();
})();
