# For habit's sake; ./dev does the work.
.PHONY: demo test check docs bench lock
demo test check docs bench lock:
	@./dev $@
