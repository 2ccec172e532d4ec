using System.Text.Json;

namespace GovChain.Node.Commands;

/// <summary>What a command's exit status says. docs/ERRORS.md has the table; the numbers do not change.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The command ran and found something wrong: a problem in an audit, events refused in an import.</summary>
    public const int ProblemsFound = 1;

    /// <summary>The command line, or a file named on it, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A configuration, profile or genesis file is wrong.</summary>
    public const int Configuration = 3;

    /// <summary>A key, passphrase or PIN is wrong.</summary>
    public const int Keys = 4;

    /// <summary>A data directory is damaged, locked, foreign or cannot be written, or the machine gives too little: disk,
    /// open files.</summary>
    public const int Storage = 5;

    /// <summary>A node or token cannot be reached or cannot serve now, or a port is in use; try again.</summary>
    public const int Unavailable = 6;

    /// <summary>The ledger refused a transaction or request, with a reason that trying again does not change.</summary>
    public const int Refused = 7;

    /// <summary>A receipt, proof, genesis or read log does not verify.</summary>
    public const int VerificationFailed = 8;

    /// <summary>What was asked for does not exist.</summary>
    public const int NotFound = 9;

    /// <summary>A fault of the program.</summary>
    public const int Internal = 70;

    /// <summary>Ended by Ctrl-C.</summary>
    public const int Interrupted = 130;

    /// <summary>
    /// Whether a node that ended so must not be started again before a person has mended something. The unit file
    /// ops/systemd/govchain.service names the same codes.
    /// </summary>
    public static bool NeedsOperator(int code) => code is Usage or Configuration or Keys or Storage;

    /// <summary>The reason in JSON errors where nothing says more: NOT_FOUND of 9.</summary>
    public static string NameOf(int code) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(
        Array.Find(typeof(ExitCode).GetFields(), f => (int)f.GetRawConstantValue()! == code)?.Name ?? $"Exit{code}");
}
