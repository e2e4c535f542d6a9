"""What a family reads, a sentence a key, in every language.

The names of columns, classes, pools and rounds are the office's own and stand as its policy has them; every other word
stands here. Placeholders are filled from `sentence`, or column by column from `fill_columns`.
"""

from string import Formatter
from typing import Any

import polars as pl

from admissions.errors import AdmissionsError, did_you_mean

ENGLISH = {
    "seat": "{student} has a seat at {programme}: {route}",
    "seat in pool": "{student} has a seat at {programme}, pool '{pool}': {route}",
    "no seat": "{student} has no seat: {reason}",
    "route choice": "a programme the family listed",
    "route zone": "a programme of the zone's list",
    "route coordinated": "placed by the guarantee, on no list of the family's",
    "reason no round": "no round of the policy is for this child",
    "reason not eligible": "the conditions of the rounds do not hold for this child",
    "reason no list": "the child has no programme on its list",
    "reason no class": "no priority class admits any of its applications",
    "reason no pool": "no seat pool takes this child",
    "reason outranked": "every programme on its list was filled with applications that go before",
    "reason seats ran out": "the guarantee covers the child, but no seat it may take was left",
    "round": "Round '{round}'",
    "step": "{rank}. {programme}: {finding}",
    "step in pool": "{rank}. {programme}, pool '{pool}': {finding}",
    "finding admitted": "admitted",
    "finding not needed": "not needed: a better choice was given",
    "finding no class": "no priority class admits this application",
    "finding no pool": "no seat pool takes this child",
    "finding not eligible": "the round's condition on students does not hold",
    "finding no seats": "this pool has no seats here",
    "finding not together": "not all children of the application would have found a seat",
    "finding held": "when it was asked, its seats were held by applications that go before, and not all of them stayed",
    "finding members": "filled with members of the pool, who go before others",
    "finding members or others": "filled with members of the pool, or others who go before; the office's tables tell",
    "finding class": "filled with class '{last}' or better; this application is of class '{own}'",
    "finding lottery": "lottery number {own}; the last admitted drew {last}",
    "finding value": "{term} {own}; the last admitted had {last}",
    "finding number": "{term} {own}; the last admitted had {last} (missed by {difference})",
    "finding unknown": "{term} is not known; the last admitted had {last}",
    "finding id": "equal in all that is compared, and settled by id",
    "finding unexplained": "refused, and the cutoff does not say why",
    "cutoff": "cutoff (seats: {seats}): {parts}",
    "cutoff free": "seats: {seats}, not all taken",
    "cutoff nobody": "seats: {seats}, nobody admitted",
    "cutoff full": "seats: {seats}, all taken",
    "own": "the child: {parts}",
    "part class": "class {place} '{name}'",
    "part lottery": "lottery {number}",
    "part value": "{term} {value}",
    "part unknown": "{term} not known",
    "between": ", ",
    "yes": "yes",
    "no": "no",
    "term distance": "distance (m)",
    "term choice_rank": "rank on the list",
    "term in_zone": "in the zone",
    "term placed": "placed before",
    "term left_by": "left by round",
    "enough": "would have been enough for {programme}: {change}",
    "not enough": "no other value, no other class and no single seat more would have been enough",
    "change more": "{name} {value} or more",
    "change less": "{name} {value} or less",
    "change earlier": "{name} {value} or earlier",
    "change later": "{name} {value} or later",
    "change value": "{name} {value}",
    "change known": "{name} known, even the worst of all",
    "change lottery": "a lottery number below {value}",
    "change class": "class {value} '{name}'",
    "change member": "being a member of the pool",
    "change seat": "one more seat",
    "by": "{change} (difference: {difference})",
    "by days": "{change} (difference in days: {difference})",
    "needs tables": "What would have been enough, and what is nearer, can be found with the office's tables at hand.",
    "nearest": "The guarantee allows no programme that goes before it.",
    "nearer": "What goes before it under the guarantee ({order}), and where its seats are:",
    "prefer same_group": "same group first",
    "prefer distance": "the nearest first",
    "metres": "{programme}, {metres} m",
    "metres unknown": "{programme}, distance not known",
    "in group": "{programme}, same group",
    "taken": "{programme}: seats {seats}, taken by list {listed}, by the guarantee {coordinated}",
    "left": "{taken}, left {left}, too few for children who apply together",
    "shortage": "These zones' children ({children}) could go only to these programmes (seats left: {seats}):",
    "shortage zones": "zones: {names}",
    "shortage programmes": "programmes: {names}",
    "counted": "{name} ({count})",
    "no zone": "no zone",
    "and more": "and {count} more",
}

CHINESE = {
    "seat": "{student} 已被 {programme} 录取：{route}",
    "seat in pool": "{student} 已被 {programme}（名额“{pool}”）录取：{route}",
    "no seat": "{student} 未获得学位：{reason}",
    "route choice": "家庭填报的志愿",
    "route zone": "按学区名单录取",
    "route coordinated": "统筹安排，不在家庭的志愿之内",
    "reason no round": "政策中没有适用于该生的批次",
    "reason not eligible": "该生不符合各批次的条件",
    "reason no list": "该生的志愿名单为空",
    "reason no class": "该生的志愿不属于任何录取类别",
    "reason no pool": "没有可供该生使用的名额",
    "reason outranked": "志愿名单上的学位均已录满排序在前的学生",
    "reason seats ran out": "该生属于统筹安排对象，但可去之处已无剩余学位",
    "round": "批次“{round}”",
    "step": "{rank}. {programme}：{finding}",
    "step in pool": "{rank}. {programme}（名额“{pool}”）：{finding}",
    "finding admitted": "已录取",
    "finding not needed": "无需考虑：已录取更靠前的志愿",
    "finding no class": "该志愿不属于任何录取类别",
    "finding no pool": "没有可供该生使用的名额",
    "finding not eligible": "不符合该批次对学生的条件",
    "finding no seats": "该名额在此没有学位",
    "finding not together": "剩余学位不足以同时录取捆绑申请的所有孩子",
    "finding held": "轮到该志愿时，学位由排序在前的学生占有，其中有人后来离开",
    "finding members": "已录满该名额的对象，他们排在其他学生之前",
    "finding members or others": "已录满该名额的对象或其他排序在前的学生：须查阅教育局的数据表",
    "finding class": "已录满类别“{last}”及更靠前的类别；该志愿属于类别“{own}”",
    "finding lottery": "随机号 {own}；最后一名录取者的随机号为 {last}",
    "finding value": "{term} 为 {own}；最后一名录取者为 {last}",
    "finding number": "{term} 为 {own}；最后一名录取者为 {last}（相差 {difference}）",
    "finding unknown": "{term} 未登记；最后一名录取者为 {last}",
    "finding id": "各项比较均相同，按学生编号排序",
    "finding unexplained": "未录取，录取线不能说明原因",
    "cutoff": "录取线（学位 {seats} 个）：{parts}",
    "cutoff free": "学位 {seats} 个，尚有剩余",
    "cutoff nobody": "学位 {seats} 个，无人录取",
    "cutoff full": "学位 {seats} 个，已全部录满",
    "own": "该生：{parts}",
    "part class": "第 {place} 类“{name}”",
    "part lottery": "随机号 {number}",
    "part value": "{term} {value}",
    "part unknown": "{term} 未登记",
    "between": "，",
    "yes": "是",
    "no": "否",
    "term distance": "距离（米）",
    "term choice_rank": "志愿序号",
    "term in_zone": "在学区内",
    "term placed": "此前已录取",
    "term left_by": "此前未录取的批次",
    "enough": "足以被 {programme} 录取的改变：{change}",
    "not enough": "改变任何一项数值、换任何一个类别或增加一个学位，都不足以录取",
    "change more": "{name} 达到 {value} 或更高",
    "change less": "{name} 不超过 {value}",
    "change earlier": "{name} 为 {value} 或更早",
    "change later": "{name} 为 {value} 或更晚",
    "change value": "{name} 为 {value}",
    "change known": "{name} 有登记，即使排在所有人之后",
    "change lottery": "随机号小于 {value}",
    "change class": "属于第 {value} 类“{name}”",
    "change member": "属于该名额的对象",
    "change seat": "增加一个学位",
    "by": "{change}（相差 {difference}）",
    "by days": "{change}（相差 {difference} 天）",
    "needs tables": "怎样才能录取、哪些学校更近，须提供教育局的数据表才能算出。",
    "nearest": "统筹安排中没有排在它之前的去处。",
    "nearer": "统筹安排中排在它之前的去处（{order}）及其学位去向：",
    "prefer same_group": "同一教育集团优先",
    "prefer distance": "就近优先",
    "metres": "{programme}，{metres} 米",
    "metres unknown": "{programme}，距离未知",
    "in group": "{programme}，同一教育集团",
    "taken": "{programme}：学位 {seats} 个，按志愿名单录取 {listed} 个，统筹安排 {coordinated} 个",
    "left": "{taken}，剩余 {left} 个，不足以安排捆绑申请的孩子",
    "shortage": "以下学区的学生（{children} 名）只能去以下各处（共剩学位 {seats} 个）：",
    "shortage zones": "学区：{names}",
    "shortage programmes": "去处：{names}",
    "counted": "{name}（{count}）",
    "no zone": "无学区",
    "and more": "另有 {count} 处",
}

SENTENCES = {"en": ENGLISH, "zh": CHINESE}
"""The sentences of each language, under the code of ISO 639-1."""


def known_language(language: str) -> str:
    """Return a language's code; refuse one there are no sentences in.

    Raises
    ------
    AdmissionsError
        Naming the languages there are.
    """
    if language not in SENTENCES:
        hint = did_you_mean(str(language), SENTENCES)
        raise AdmissionsError(f"no language '{language}'{hint}; there are {', '.join(SENTENCES)}")
    return language


def sentence(language: str, key: str, **values: Any) -> str:
    """Return one sentence with its placeholders filled.

    Examples
    --------
    >>> sentence("en", "counted", name="Z1", count=3)
    'Z1 (3)'
    >>> sentence("zh", "counted", name="Z1", count=3)
    'Z1（3）'
    """
    return SENTENCES[language][key].format(**values)


def fill_columns(language: str, key: str, **columns: pl.Series) -> pl.Series:
    """Return one sentence a row, its placeholders, of which there are some, filled from columns of text.

    Examples
    --------
    >>> fill_columns("en", "counted", name=pl.Series(["Z1", "Z2"]), count=pl.Series(["3", "1"])).to_list()
    ['Z1 (3)', 'Z2 (1)']
    """
    parts: list[pl.Expr] = []
    for text, name, _, _ in Formatter().parse(SENTENCES[language][key]):
        parts += [pl.lit(text)] if text else []
        parts += [pl.lit(columns[name])] if name is not None else []
    return pl.select(pl.concat_str(parts)).to_series()
