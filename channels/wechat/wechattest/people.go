package wechattest

// maxBatch is how many people one call may ask for.
const maxBatch = 100

// userInfo tells what WeChat still tells of a follower: since the end of 2021
// neither name nor picture.
func (s *Server) userInfo(c *call) (any, *fault) {
	to, f := s.recipient(c, c.q("openid"))
	if f != nil {
		return nil, f
	}
	return to.info(), nil
}

func (s *Server) userBatch(c *call) (any, *fault) {
	var req struct {
		List []struct {
			OpenID string `json:"openid"`
		} `json:"user_list"`
	}
	if f := c.decode(&req); f != nil {
		return nil, f
	}
	if len(req.List) == 0 || len(req.List) > maxBatch {
		return nil, refuse(40035)
	}
	list := []obj{}
	for _, it := range req.List {
		to, f := s.recipient(c, it.OpenID)
		if f != nil {
			return nil, f
		}
		list = append(list, to.info())
	}
	return obj{"user_info_list": list}, nil
}

func (c *chat) info() obj {
	o := obj{"subscribe": 0, "openid": c.ext}
	if c.user.UnionID != "" {
		o["unionid"] = c.user.UnionID
	}
	if !c.followed {
		return o
	}
	o["subscribe"], o["language"], o["subscribe_time"], o["subscribe_scene"] = 1, "zh_CN", c.since.Unix(), c.by
	o["remark"], o["groupid"], o["tagid_list"] = "", 0, []int{}
	o["qr_scene"], o["qr_scene_str"] = 0, c.scene
	return o
}
