namespace GovChain.Node.Commands;

/// <summary>
/// Why a command does not write a file. The name in upper snake case is the reason in JSON errors: frozen, the list only
/// grows. docs/ERRORS.md has the table.
/// </summary>
internal enum OutputError
{
    /// <summary>A file stands where a command was to write one.</summary>
    AlreadyExists,

    /// <summary>Another command is changing the file, or something changed it meanwhile; it is as that left it.</summary>
    InUse,

    /// <summary>The operating system refuses to write the file: full or failing disk, rights.</summary>
    CannotWrite,
}

/// <summary>The exit code of each reason.</summary>
internal static class OutputErrors
{
    public static int ExitCodeOf(OutputError error) => error switch
    {
        OutputError.AlreadyExists => ExitCode.Usage,
        OutputError.InUse => ExitCode.Unavailable,
        _ => ExitCode.Storage,
    };
}
