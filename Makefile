# Tongka's front door. `make help` lists what there is; each target first installs what is missing (.ci/install).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

PYTHON := .venv/bin/python
# Handed on to the program behind demo, test, bench and kiosk, as in: make test ARGS="-k journal"
ARGS ?=
# Processes that share the tests; they wait for readers and children more than they compute.
WORKERS ?= 4
# Python keeps what it compiled, whatever the caller's environment says: the tests start some hundred programs,
# each of which would compile the project anew.
unexport PYTHONDONTWRITEBYTECODE

define say
printf '▸ %s / %s\n'
endef

.PHONY: help
help: ## 列出全部命令 / list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: ## 安装所缺的软件（其他命令会自动执行） / install what is missing (the others do it by themselves)
	@bash .ci/install

.PHONY: demo
demo: install ## 从刷卡到结算完整演示一遍（KEYSTORE=card|tpm 换密钥存放处） / from tap to settlement (KEYSTORE= where keys lie)
	@$(PYTHON) -m tests.demo $(if $(KEYSTORE),--keystore $(KEYSTORE)) $(ARGS)

.PHONY: test
test: install ## 运行全部测试 / run all tests
	@$(say) "运行测试" "Running the tests"
	@$(PYTHON) -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

.PHONY: docs-test
docs-test: install ## 执行文档中的命令 / run the commands that the documents show
	@$(PYTHON) -m pytest tests/docs $(ARGS)

.PHONY: check
check: install ## 代码检查：格式、类型、分层 / check style, types and layering
	@$(say) "代码风格" "Style"
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --check --quiet .
	@$(say) "类型" "Types"
	@$(PYTHON) -m mypy
	@$(say) "分层" "Layers"
	@.venv/bin/lint-imports --no-logo

.PHONY: fuzz-short
fuzz-short: install ## 模糊测试各种外来数据的解析（SECONDS=每项秒数） / fuzz every parser of foreign bytes (SECONDS= for each)
	@$(say) "模糊测试" "Fuzzing"
	@$(PYTHON) -m tests.fuzz --seconds $(or $(SECONDS),5) $(ARGS)

.PHONY: crash-test
crash-test: install ## 刷卡时随机强杀终端并核验流水（COUNT=次数，默认 100） / kill a tapping terminal at random, COUNT times
	@$(say) "强杀终端 $(or $(COUNT),100) 次" "Killing the terminal $(or $(COUNT),100) times"
	@$(PYTHON) -m tests.crash --count $(or $(COUNT),100) $(ARGS)

.PHONY: bench
bench: install ## 测量速度（QUICK=1 从简） / measure (QUICK=1 for a short run)
	@for file in $$(grep -l __main__ benchmarks/*.py); do \
		name=$$(basename "$$file" .py); \
		$(say) "测量 $$name" "Measuring $$name"; \
		$(PYTHON) -m "benchmarks.$$name" $(if $(QUICK),--quick) $(ARGS); \
	done

.PHONY: kiosk
kiosk: install ## 打开自助机：make kiosk ARGS="--data 目录 --reader 读卡器" / open the kiosk
	@.venv/bin/tongka kiosk run $(ARGS)

.PHONY: kiosk-pictures
kiosk-pictures: install ## 画出自助机的每个画面，存入 out/kiosk / draw every face of the kiosk
	@$(say) "绘制自助机画面（约半分钟）" "Drawing the kiosk's faces (about half a minute)"
	@.venv/bin/tongka kiosk pictures --out out/kiosk $(ARGS)

.PHONY: lock
lock: install ## 重算锁定文件（UPGRADE=1 升级版本） / resolve the lock files anew (UPGRADE=1 for newer versions)
	@bash .ci/lock

.PHONY: clean
clean: ## 删除生成的文件和 .venv / remove what was generated, .venv included
	@rm -rf .venv .hypothesis .mypy_cache .ruff_cache .import_linter_cache build dist out
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
