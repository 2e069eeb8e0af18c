package agentdesk

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"zongji/internal/auth"
	"zongji/internal/zongji"
)

const (
	previewLife = 15 * time.Minute // from preview to apply
	previewMax  = 20               // previews kept on this node, the oldest go
)

// imports keeps what was read and may be applied. It lies in memory: apply
// must reach the same node, else it is told to upload again.
type imports struct {
	clock zongji.Clock
	mu    sync.Mutex
	kept  map[string]*prepared
}

// prepared is a read table. Exactly one of the lists is set.
type prepared struct {
	by    int64
	until time.Time
	faqs  []zongji.FAQ
	users []zongji.User
}

func (im *imports) init(clock zongji.Clock) { im.clock, im.kept = clock, map[string]*prepared{} }

// keep returns the token under which p is applied.
func (im *imports) keep(p *prepared) string {
	im.mu.Lock()
	defer im.mu.Unlock()
	now := im.clock.Now()
	oldest := ""
	for t, o := range im.kept {
		if now.After(o.until) {
			delete(im.kept, t)
		} else if oldest == "" || o.until.Before(im.kept[oldest].until) {
			oldest = t
		}
	}
	if len(im.kept) >= previewMax {
		delete(im.kept, oldest)
	}
	p.until = now.Add(previewLife)
	token := auth.NewToken()
	im.kept[token] = p
	return token
}

// take returns what was prepared by the same user, once.
func (im *imports) take(token string, by int64, users bool) (*prepared, error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	p := im.kept[token]
	if p == nil || p.by != by || (p.users != nil) != users || im.clock.Now().After(p.until) {
		return nil, zongji.Errorf(zongji.NotFound, "preview_gone", "the preview has ended: upload the file again")
	}
	delete(im.kept, token)
	return p, nil
}

type rowError struct {
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`
	Code    string `json:"code"`
	Params  []any  `json:"params,omitempty"`
}

type previewRow struct {
	Line   int            `json:"line"`
	OK     bool           `json:"ok"`
	Error  string         `json:"error,omitempty"`
	Errors []rowError     `json:"errors,omitempty"`
	Values map[string]any `json:"values"`
}

type preview struct {
	Token   string       `json:"token"`
	Columns []string     `json:"columns"`
	Rows    []previewRow `json:"rows"`
	Good    int          `json:"good"`
	Bad     int          `json:"bad"`
}

// add notes one line with what is wrong with it.
func (p *preview) add(l line, values map[string]any, m mistakes) {
	r := previewRow{Line: l.n, OK: len(m) == 0, Values: values}
	var all []string
	for _, e := range m {
		col := strings.TrimPrefix(e.Location, "body.")
		r.Errors = append(r.Errors, rowError{col, e.Message, e.Code, e.Params})
		all = append(all, col+": "+e.Message)
	}
	r.Error = strings.Join(all, "; ")
	if p.Rows = append(p.Rows, r); r.OK {
		p.Good++
	} else {
		p.Bad++
	}
}

// table reads an uploaded table.
func table(c *gin.Context, columns []column) ([]line, error) {
	name, src, err := formFile(c, maxSheet)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(src, maxSheet+1))
	if err != nil {
		return nil, tooLarge(err, maxSheet)
	}
	if len(b) > maxSheet {
		return nil, zongji.Errorf(zongji.TooLarge, "too_large", "the table is larger than %d MiB", maxSheet>>20)
	}
	return readTable(name, b, columns)
}

func keys(columns []column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.key
	}
	return out
}

var faqColumns = []column{
	{key: "category", title: "分类", also: []string{"类别", "栏目"}, example: "退换货"},
	{key: "question", title: "标准问题", also: []string{"问题", "标准问", "title"}, must: true, example: "怎么申请退货？"},
	{key: "similar", title: "相似问题", also: []string{"相似问", "相似问法", "similar questions"}, example: "我要退货 | 商品怎么退"},
	{key: "answer", title: "答案", also: []string{"回答", "回复"}, must: true, example: "请在“我的订单”中选择商品，点击“申请退货”，审核通过后我们会安排快递上门取件，费用由我们承担。"},
	{key: "enabled", title: "启用", also: []string{"状态", "是否启用"}, example: "是"},
}

func (d *Desk) faqTemplate(c *gin.Context, _ zongji.Actor) error {
	return d.template(c, "faqs", faqColumns)
}

// previewFAQs reads a table; a question that is there already will be replaced.
func (d *Desk) previewFAQs(c *gin.Context, me zongji.Actor) error {
	lines, err := table(c, faqColumns)
	if err != nil {
		return err
	}
	have, err := d.cfg.Store.FAQs(c.Request.Context())
	if err != nil {
		return err
	}
	p, good := readFAQs(lines, have)
	p.Token = d.imports.keep(&prepared{by: me.User, faqs: good})
	c.JSON(http.StatusOK, p)
	return nil
}

func readFAQs(lines []line, have []zongji.FAQ) (preview, []zongji.FAQ) {
	p := preview{Columns: keys(faqColumns), Rows: []previewRow{}}
	old := map[string]zongji.FAQ{}
	for _, f := range have {
		old[strings.ToLower(f.Question)] = f
	}
	first := map[string]int{}
	good := []zongji.FAQ{}
	for _, l := range lines {
		q := strings.ToLower(l.cells["question"])
		f := old[q]
		f.Question, f.Answer = l.cells["question"], l.cells["answer"]
		if v, ok := l.cells["category"]; ok {
			f.Category = v
		}
		if v, ok := l.cells["similar"]; ok {
			f.Similar = split(v)
		}
		m := mistakes{}
		f.Disabled = !yes(&m, "enabled", l.cells["enabled"])
		m = append(checkFAQ(&f), m...)
		if n := first[q]; n != 0 && q != "" {
			m.add("question", "same_line", "is the same as in line %d", n)
		} else {
			first[q] = l.n
		}
		l.long(&m)
		p.add(l, map[string]any{"category": f.Category, "question": f.Question, "similar": f.Similar, "answer": f.Answer, "enabled": !f.Disabled, "replaces": f.ID != 0}, m)
		if len(m) == 0 {
			good = append(good, f)
		}
	}
	return p, good
}

// long names cells that no field could hold.
func (l line) long(m *mistakes) {
	for key, v := range l.cells {
		if len([]rune(v)) > maxCell {
			m.add(key, "longer", "has more than %d characters", maxCell)
		}
	}
}

// split reads several values of one cell: by line, | or ；.
func split(s string) []string {
	var out []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune("\n|｜；;", r) }) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func yes(m *mistakes, field, s string) bool {
	switch strings.ToLower(s) {
	case "", "是", "启用", "yes", "y", "true", "1", "on":
		return true
	case "否", "停用", "no", "n", "false", "0", "off":
		return false
	}
	m.add(field, "yes_no", "is %.20q: write 是 or 否 (yes or no)", s)
	return true
}

type applyReq struct {
	Body struct {
		Token string `json:"token" required:"true" maxLength:"64"`
	}
}

type applyAnswer struct {
	Applied   int        `json:"applied"`
	Added     int        `json:"added"`
	Updated   int        `json:"updated"`
	Passwords []newLogin `json:"passwords,omitempty"` // shown this once
}

type newLogin struct {
	Login    string `json:"login"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

func (d *Desk) applyFAQs(ctx context.Context, me zongji.Actor, req *applyReq) (applyAnswer, error) {
	p, err := d.imports.take(req.Body.Token, me.User, false)
	if err != nil || len(p.faqs) == 0 {
		return applyAnswer{}, err
	}
	a := applyAnswer{Applied: len(p.faqs)}
	for _, f := range p.faqs {
		if f.ID != 0 {
			a.Updated++
		}
	}
	a.Added = a.Applied - a.Updated
	if _, err := d.cfg.Store.PutFAQs(ctx, p.faqs); err != nil {
		return applyAnswer{}, err
	}
	return a, d.saved(ctx, me, "faq", "import", "", map[string]int{"added": a.Added, "updated": a.Updated})
}

var userColumns = []column{
	{key: "login", title: "登录名", also: []string{"账号", "用户名", "username"}, must: true, example: "wangfang"},
	{key: "name", title: "姓名", also: []string{"名字"}, must: true, example: "王芳"},
	{key: "nick", title: "昵称", also: []string{"对外昵称", "nickname"}, example: "小芳"},
	{key: "role", title: "角色", example: "坐席"},
	{key: "team", title: "团队", also: []string{"小组", "班组"}, example: "售后组"},
	{key: "skills", title: "技能", example: "refund:3 | english:2"},
	{key: "langs", title: "语言", also: []string{"languages"}, example: "zh-CN | en"},
	{key: "capacity", title: "接待上限", also: []string{"容量", "并发"}, example: "5"},
}

func (d *Desk) userTemplate(c *gin.Context, _ zongji.Actor) error {
	return d.template(c, "users", userColumns)
}

func (d *Desk) previewUsers(c *gin.Context, me zongji.Actor) error {
	lines, err := table(c, userColumns)
	if err != nil {
		return err
	}
	h, err := d.house(c.Request.Context())
	if err != nil {
		return err
	}
	p, good := h.readUsers(lines)
	p.Token = d.imports.keep(&prepared{by: me.User, users: good})
	c.JSON(http.StatusOK, p)
	return nil
}

var roleNames = map[string]zongji.Role{"": zongji.RoleAgent, "坐席": zongji.RoleAgent, "客服": zongji.RoleAgent, "agent": zongji.RoleAgent,
	"主管": zongji.RoleSupervisor, "组长": zongji.RoleSupervisor, "supervisor": zongji.RoleSupervisor,
	"审计": zongji.RoleAuditor, "auditor": zongji.RoleAuditor, "管理员": zongji.RoleAdmin, "admin": zongji.RoleAdmin}

func (h house) readUsers(lines []line) (preview, []zongji.User) {
	p := preview{Columns: keys(userColumns), Rows: []previewRow{}}
	first := map[string]int{}
	good := []zongji.User{}
	for _, l := range lines {
		u, m := h.readUser(l)
		m = append(m, h.checkUser(&u)...)
		login := strings.ToLower(u.Login)
		if n := first[login]; n != 0 && login != "" {
			m.add("login", "same_line", "is the same as in line %d", n)
		} else {
			first[login] = l.n
		}
		l.long(&m)
		p.add(l, map[string]any{"login": u.Login, "name": u.Name, "nick": u.Nick, "role": u.Role, "team": l.cells["team"],
			"skills": u.Skills, "langs": u.Langs, "capacity": u.Capacity}, m)
		if len(m) == 0 {
			good = append(good, u)
		}
	}
	return p, good
}

// readUser reads one line; names of teams and skills are looked up.
func (h house) readUser(l line) (zongji.User, mistakes) {
	var m mistakes
	u := zongji.User{Login: l.cells["login"], Name: l.cells["name"], Nick: l.cells["nick"], Langs: split(l.cells["langs"]), Capacity: 5}
	role, ok := roleNames[strings.ToLower(l.cells["role"])]
	if !ok {
		m.add("role", "role", "is %.20q: 坐席, 主管, 审计 and 管理员 are allowed (agent, supervisor, auditor, admin)", l.cells["role"])
		role = zongji.RoleAgent
	}
	u.Role = role
	if name := l.cells["team"]; name != "" {
		i := slices.IndexFunc(h.teams, func(t zongji.Team) bool { return t.Name == name || t.Key == name })
		if i < 0 {
			m.add("team", "no_such", "there is no team %.40q: add it first", name)
		} else {
			u.Team = h.teams[i].ID
		}
	}
	for _, part := range split(l.cells["skills"]) {
		name, level, _ := strings.Cut(strings.ReplaceAll(part, "：", ":"), ":")
		name = strings.TrimSpace(name)
		n, err := strconv.Atoi(strings.TrimSpace(level))
		if level == "" {
			n, err = 3, nil
		}
		i := slices.IndexFunc(h.skills, func(s zongji.Skill) bool { return s.Name == name || s.Key == name })
		switch {
		case err != nil:
			m.add("skills", "skill_level", "%.40q: write skill:level, with a level from 1 to 5", part)
		case i < 0:
			m.add("skills", "no_such", "there is no skill %.40q: add it first", name)
		default:
			if u.Skills == nil {
				u.Skills = map[string]int{}
			}
			u.Skills[h.skills[i].Key] = n
		}
	}
	if s := l.cells["capacity"]; s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			m.add("capacity", "whole", "is %.20q: write a whole number", s)
		}
		u.Capacity = n
	}
	return u, m
}

// applyUsers makes the users with passwords that are shown once. A login that
// was taken meanwhile stops the import there; the answer of a second try says
// which are there.
func (d *Desk) applyUsers(ctx context.Context, me zongji.Actor, req *applyReq) (applyAnswer, error) {
	p, err := d.imports.take(req.Body.Token, me.User, true)
	if err != nil {
		return applyAnswer{}, err
	}
	h, err := d.house(ctx)
	if err != nil {
		return applyAnswer{}, err
	}
	for _, u := range p.users {
		if m := h.checkUser(&u); len(m) > 0 {
			return applyAnswer{}, zongji.Errorf(zongji.Conflict, "preview_old", "%s: the users have changed since the preview, upload the file again (%s)", u.Login, m.Error())
		}
	}
	var a applyAnswer
	for _, u := range p.users {
		u.Created = d.now()
		if u, err = d.cfg.Store.PutUser(ctx, u); err != nil {
			break
		}
		password := auth.NewPassword()
		if err = d.cfg.Store.SetPassword(ctx, u.ID, auth.Hash(password)); err != nil {
			break
		}
		a.Passwords = append(a.Passwords, newLogin{u.Login, u.Name, password})
	}
	a.Applied, a.Added = len(a.Passwords), len(a.Passwords)
	if err != nil {
		err = fmt.Errorf("import of users stopped after %d: %w", a.Added, err)
	}
	if saved := d.saved(ctx, me, "users", "import", "", map[string]int{"added": a.Added}); err == nil {
		err = saved
	}
	return a, err
}
