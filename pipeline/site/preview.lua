-- What Quarto makes of callouts, tabs, cross references and links between pages, for pandoc alone.

local titles = { note = "Note", tip = "Tip", warning = "Warning", important = "Important", caution = "Caution" }
local kinds = { fig = "Figure", eq = "Equation", sec = "Section" }
local numbers, counts = {}, {}
local tabset = 0

local function numbered(id)
  local kind = id:match("^(%a+)-")
  if not kinds[kind] or numbers[id] then return nil end
  counts[kind] = (counts[kind] or 0) + 1
  numbers[id] = { kind = kinds[kind], number = counts[kind] }
  return counts[kind]
end

local function html(text) return pandoc.RawBlock("html", text) end

local function escape(text)
  return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ["\""] = "&quot;" }))
end

-- Figures get a number, their alternative text and one style; equations their number at the right.

function Figure(figure)
  local id = figure.identifier
  local walked = figure:walk({ Image = function(img)
    if id == "" then id, img.identifier = img.identifier, "" end
    local alt = img.attributes["fig-alt"]
    if alt then
      img.attributes["fig-alt"] = nil
      img.caption = { pandoc.Str(alt) }
    end
    img.attributes["loading"] = "lazy"
    return img
  end })
  local number = numbered(id)
  if number then
    local label = pandoc.Inlines({ pandoc.Str("Figure\u{a0}" .. number .. ":"), pandoc.Space() })
    local words = pandoc.utils.blocks_to_inlines(figure.caption.long)
    walked.identifier = id
    walked.caption = { long = { pandoc.Plain(label .. words) } }
  end
  return walked
end

function Para(para)
  local last, first = para.content[#para.content], para.content[1]
  if #para.content < 2 or first.t ~= "Math" or last.t ~= "Str" then return nil end
  local id = last.text:match("^{#(eq%-[%w-]+)}$")
  if not id then return nil end
  local number = numbered(id)
  return pandoc.Div({
    pandoc.Para({ first, pandoc.Span({ pandoc.Str("(" .. number .. ")") }, { class = "eq-number" }) }),
  }, { id = id, class = "equation" })
end

function Header(header)
  numbered(header.identifier)
end

-- Callouts and tabs.

local function callout(div, kind)
  local title = pandoc.Inlines(titles[kind] or kind)
  if div.content[1] and div.content[1].t == "Header" then title = div.content:remove(1).content end
  local blocks = pandoc.Blocks({ pandoc.Div({ pandoc.Plain(title) }, { class = "callout-title" }) })
  blocks:extend(div.content)
  return pandoc.Div(blocks, { class = "callout callout-" .. kind, role = "note" })
end

local function tabs(div)
  local panels, level = {}, nil
  for _, block in ipairs(div.content) do
    if block.t == "Header" and (not level or block.level == level) then
      level = block.level
      panels[#panels + 1] = { title = pandoc.utils.stringify(block.content), blocks = pandoc.Blocks({}) }
    elseif #panels > 0 then
      panels[#panels].blocks:insert(block)
    end
  end
  tabset = tabset + 1
  local out = pandoc.Blocks({ html('<div class="tabs"><div class="tab-list" role="tablist">') })
  for place, panel in ipairs(panels) do
    local id = "tab-" .. tabset .. "-" .. place
    local chosen = place == 1 and "true" or "false"
    out:insert(html(string.format(
      '<button type="button" role="tab" id="%s" aria-controls="%s-panel" aria-selected="%s"%s>%s</button>',
      id, id, chosen, place == 1 and "" or ' tabindex="-1"', escape(panel.title))))
  end
  out:insert(html("</div>"))
  for place, panel in ipairs(panels) do
    local id = "tab-" .. tabset .. "-" .. place
    out:insert(html(string.format('<div role="tabpanel" id="%s-panel" aria-labelledby="%s">', id, id)))
    out:extend(panel.blocks)
    out:insert(html("</div>"))
  end
  out:insert(html("</div>"))
  return out
end

function Div(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind then return callout(div, kind) end
    if class == "panel-tabset" then return tabs(div) end
  end
end

-- References and links, when all numbers are known.

local function reference(cite)
  local id = cite.citations[1].id
  local kind = id:match("^(%a+)-")
  if not kinds[kind] then return nil end
  local found = numbers[id]
  if not found then error("reference @" .. id .. " leads nowhere") end
  local text = found.kind .. "\u{a0}" .. found.number
  return pandoc.Link(text, "#" .. id)
end

local function link(lead)
  lead.target = lead.target:gsub("^([%w_-]+)%.qmd", "%1.html")
  return lead
end

return {
  { traverse = "topdown", Figure = Figure, Para = Para, Header = Header },
  { Div = Div },
  { Cite = reference, Link = link },
}
