"""Lambda without a container engine: an unpacked function archive under AWS's own Runtime Interface Client.

    function.py     FunctionRuntime: one deployed function, invoked one event at a time, in an execution environment
    process.py      the function's process: its folder, its variables, its start and its end; what this machine runs
    api.py          the Runtime API that the process asks for events

What differs from Lambda: memory is not limited, the file system is not read-only, the SDK is there only
if the archive holds it, and the interpreter's `exit` and `quit` are missing (`sys.exit` is not).
"""
