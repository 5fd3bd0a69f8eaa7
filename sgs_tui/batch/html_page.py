"""What the page brings along: style and script. Nothing is ever loaded; the page forbids it to itself."""

import base64
import hashlib

STYLE = """
:root{--bg:#fff;--fg:#1c1f23;--soft:#5a636e;--line:#d5dae0;--panel:#f5f7f9;--blue:#2f7ac0;--orange:#c85a00;
--red:#c0202c;--amber:#8a5a00;--green:#177245;--violet:#7a3e9d}
@media(prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e7ea;--soft:#a0a9b3;--line:#363c44;--panel:#1d2127;
--blue:#5aa2e6;--orange:#ff9d4d;--red:#ff7b80;--amber:#f0b849;--green:#5fd39a;--violet:#cf9bf0}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:1400px;padding:0 16px 48px;background:var(--bg);color:var(--fg);
font:15px/1.45 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif}
header{margin:16px 0;padding:12px 16px;border-left:6px solid var(--soft);background:var(--panel)}
header.fail{border-color:var(--red)}header.warn{border-color:var(--amber)}header.ok{border-color:var(--green)}
h1{margin:0 0 4px;font-size:1.5rem;line-height:1.2}
h2{margin:32px 0 8px;font-size:1.15rem}
header.fail h1{color:var(--red)}header.warn h1{color:var(--amber)}header.ok h1{color:var(--green)}
p{margin:4px 0}a{color:var(--blue)}h3 .soft{font-weight:400}
code{font:0.92em/1.35 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.soft{color:var(--soft)}.bad{color:var(--red);font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:8px 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;min-width:0}
ul{margin:4px 0;padding-left:20px}li{margin:2px 0;overflow-wrap:anywhere}
.controls{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;margin:8px 0}
.controls label{display:flex;gap:6px;align-items:center}
input,select,button{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);
border-radius:4px;padding:4px 8px;min-height:34px}
input[type=checkbox]{min-height:0;width:18px;height:18px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:3px 8px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th{position:sticky;top:0;background:var(--bg);color:var(--soft);font-weight:600;cursor:pointer}
table.plain{width:auto;max-width:100%}table.plain th{cursor:auto;position:static}
th.text,td.text{text-align:left}td.name{white-space:normal;min-width:16em}td.why{white-space:normal;min-width:14em}
th[aria-sort]::after{content:" \\25BC"}th[aria-sort=ascending]::after{content:" \\25B2"}
.v{font-weight:700}.v.fail{color:var(--red)}.v.warn{color:var(--amber)}.v.ok{color:var(--green)}.v.nc{color:var(--violet)}
b.over{color:var(--red)}b.near{color:var(--amber)}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:12px}
article{margin:0 0 12px;padding:10px 12px;border:1px solid var(--line);border-radius:6px}
article h3{margin:0 0 6px;font-size:1rem;overflow-wrap:anywhere}
svg{display:block;width:100%;max-width:820px;height:auto}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
.sample{fill:var(--blue);fill-opacity:.75}.benchmark{fill:none;stroke:var(--orange);stroke-width:1.6}
.limit{stroke:var(--red);stroke-width:1.4;stroke-dasharray:6 4}.axis{stroke:var(--soft);fill:none}
.key i{display:inline-block;width:14px;height:10px;margin:0 4px 0 10px;vertical-align:baseline}
.key i.s{background:var(--blue)}.key i.b{border-top:2px solid var(--orange);height:4px}
.key i.l{border-top:2px dashed var(--red);height:4px}
[hidden]{display:none!important}
@media(max-width:760px){
body{padding:0 10px 32px}thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody{display:block}tr{display:grid;grid-template-columns:1fr 1fr;gap:0 16px;padding:8px 0;
border-bottom:1px solid var(--line)}td.index{display:none}
td{display:flex;justify-content:space-between;gap:8px;border:0;padding:1px 0;min-width:0}
td::before{content:attr(data-t);color:var(--soft);font-weight:400}
td.name,td.why{grid-column:1/-1;display:block;text-align:left;min-width:0;overflow-wrap:anywhere}
td.name::before{content:attr(data-n) " "}td.name code{font-weight:700}td.why::before{content:""}td.empty{display:none}
.plain td.text{grid-column:1/-1}.plain td.text::before{content:none}.plain td.empty{display:flex}
dl{grid-template-columns:1fr}dd{margin-bottom:4px}}
@media print{.controls{display:none}th{position:static}}
"""

SCRIPT = """
(function(){
"use strict";
var table=document.getElementById("table");if(!table){return}
var body=table.tBodies[0],rows=Array.prototype.slice.call(body.rows);
var heads=Array.prototype.slice.call(table.tHead.rows[0].cells);
var order=document.getElementById("order"),words=document.getElementById("words"),
bad=document.getElementById("bad"),count=document.getElementById("count");
function key(row,column){return row.cells[column].getAttribute("data-v")}
function compare(a,b,column,sign,text){
var x=key(a,column),y=key(b,column);
if(x===""||y===""){return x===y?0:x===""?1:-1}
if(text){return sign*x.localeCompare(y,undefined,{numeric:true})}
if(x==="nan"||y==="nan"){return x===y?0:x==="nan"?-1:1}
x=parseFloat(x.replace("inf","Infinity"));y=parseFloat(y.replace("inf","Infinity"));
return x===y?0:sign*(x<y?-1:1)}
function sort(column,descending){
var head=heads[column],text=head.hasAttribute("data-text"),sign=descending?-1:1;
var sorted=rows.map(function(row,place){return[row,place]}).sort(function(a,b){
return compare(a[0],b[0],column,sign,text)||a[1]-b[1]});
heads.forEach(function(other){other.removeAttribute("aria-sort")});
head.setAttribute("aria-sort",descending?"descending":"ascending");
sorted.forEach(function(pair){body.appendChild(pair[0])});
order.value=String(column)}
function first(column){return heads[column].getAttribute("data-first")==="down"}
heads.forEach(function(head,column){
head.tabIndex=0;
function turn(){var now=head.getAttribute("aria-sort");sort(column,now?now==="ascending":first(column))}
head.addEventListener("click",turn);
head.addEventListener("keydown",function(event){
if(event.key==="Enter"||event.key===" "){event.preventDefault();turn()}});
var option=document.createElement("option");option.value=String(column);option.textContent=head.textContent;
order.appendChild(option)});
function choose(){
var wanted=words.value.toLowerCase().split(/\\s+/).filter(Boolean),shown=0;
rows.forEach(function(row){
var text=row.textContent.toLowerCase();
var fits=wanted.every(function(word){return text.indexOf(word)>=0});
if(bad.checked&&row.getAttribute("data-ok")!==null){fits=false}
row.hidden=!fits;shown+=fits?1:0});
count.textContent=shown+" of "+rows.length+" shown"}
order.addEventListener("change",function(){var column=parseInt(order.value,10);sort(column,first(column))});
words.addEventListener("input",choose);bad.addEventListener("change",choose);
document.getElementById("controls").hidden=false;choose();
})();
"""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def policy() -> str:
    """The content policy: this very style and script, nothing from anywhere, whatever a name might smuggle in."""
    return f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; img-src data:"
