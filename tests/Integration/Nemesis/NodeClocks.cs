using GovChain.Node.Devnet;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// The wall clock of each node's process, which can be set wrong while it runs: <c>clockshift.c</c> stands between the process
/// and the system. Timers run on the monotonic clock, which stays as it is.
/// </summary>
internal sealed class NodeClocks
{
    private readonly string _directory;
    private readonly string _library;

    /// <summary>Compiles the library into a directory; <see cref="Missing"/> says why it cannot be had.</summary>
    public NodeClocks(string directory)
    {
        _directory = directory;
        _library = Path.Combine(directory, "clockshift.so");
        Missing = PreloadLibrary.Build(Path.Combine(AppContext.BaseDirectory, "clockshift.c"), _library);
    }

    /// <summary>Why clocks cannot be shifted here; null if they can.</summary>
    public string? Missing { get; }

    /// <summary>What a node's process needs in its environment.</summary>
    public IReadOnlyDictionary<string, string> EnvironmentOf(DevnetDepartment department)
    {
        if (Missing is not null)
            return new Dictionary<string, string>();
        if (!File.Exists(FileOf(department)))
            Set(department, TimeSpan.Zero);
        return new Dictionary<string, string> { ["LD_PRELOAD"] = _library, ["GOVCHAIN_CLOCK_FILE"] = FileOf(department) };
    }

    /// <summary>Sets a node's clock so far ahead, or behind.</summary>
    public void Set(DevnetDepartment department, TimeSpan ahead)
    {
        // In place: the process has the file mapped.
        using var file = new FileStream(FileOf(department), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(BitConverter.GetBytes(ahead.Ticks * 100));
    }

    private string FileOf(DevnetDepartment department) => Path.Combine(_directory, department.Id + ".clock");
}
