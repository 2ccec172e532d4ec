using NUnit.Framework;

namespace GovChain.Tests.Faults;

/// <summary>
/// What a test of failing disks needs: a directory in memory where there is such a place (the faults are the layer's, and
/// nothing needs the medium's own), the layer, the chain that the processes write, and a fresh root for each of them.
/// FULL, SAMPLES and SEED in the environment say how much is tried.
/// </summary>
internal sealed class FaultStage : IDisposable
{
    private int _roots;

    /// <summary>Makes the directory, the layer and a chain of so many blocks.</summary>
    public FaultStage(int blocks)
    {
        Files = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"govchain-faults-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Files);
        Layer = new FaultLayer(Files);
        try
        {
            Layer.Build();
        }
        catch (ResultStateException) // skipped or failed, and nobody has this yet to remove its files
        {
            Dispose();
            throw;
        }
        Script = Script.Make(blocks);
        Script.Save(ScriptFile);
    }

    /// <summary>Every call is tried, not samples.</summary>
    public static bool Full { get; } = Environment.GetEnvironmentVariable("FULL") == "1";

    /// <summary>Draws the samples, and what a cut tears.</summary>
    public static int Seed { get; } = EnvironmentNumber.Read("SEED") ?? Environment.TickCount;

    /// <summary>All that is made here, and goes at the end.</summary>
    public string Files { get; }

    public FaultLayer Layer { get; }

    public Script Script { get; }

    /// <summary>The chain as a file, for the processes.</summary>
    public string ScriptFile => Path.Combine(Files, "script");

    /// <summary>How many are tried, if not all.</summary>
    public static int Samples(int otherwise) => EnvironmentNumber.Read("SAMPLES", least: 1) ?? otherwise;

    /// <summary>The line that tries the same again.</summary>
    public static string Again(int samples) =>
        $"seed {Seed}; again: SEED={Seed} {(Full ? "FULL=1" : $"SAMPLES={samples}")} dotnet test tests/Faults -c Release";

    /// <summary>An empty directory for one process.</summary>
    public string NewRoot() => Directory.CreateDirectory(Path.Combine(Files, $"{Interlocked.Increment(ref _roots)}")).FullName;

    public void Dispose()
    {
        if (Directory.Exists(Files))
            Directory.Delete(Files, recursive: true);
    }
}
