using System.Globalization;
using System.Text;
using GovChain.Storage;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Tests.Faults;

/// <summary>
/// The process under faults: <c>drive SCRIPT DIRECTORY HEIGHT...</c> opens the data directory once for each height, goes
/// on to it and closes. Where the storage layer stops with a typed error it says so and begins again, once, as a node that
/// is started again does. Each line of standard output acknowledges something as durable, in one system call.
/// </summary>
internal static class Program
{
    /// <summary>The storage layer stopped with a typed error, and after the restart again.</summary>
    public const int Stopped = 3;

    /// <summary>A promise was broken.</summary>
    public const int Broken = 4;

    private static int Main(string[] args)
    {
        if (args is not ["drive", var script, var directory, .. var heights])
        {
            Console.Error.WriteLine("usage: drive SCRIPT DIRECTORY HEIGHT...");
            return 2;
        }
        // The descriptor itself: the console's stream is a duplicate, which the layer would not know.
        using var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        void Say(string line) => output.Write(Encoding.ASCII.GetBytes(line + "\n"));
        var workload = new Workload(directory, Script.Load(script), Say);
        ulong[] until = [.. heights.Select(h => ulong.Parse(h, CultureInfo.InvariantCulture))];
        try
        {
            return TryRun(workload, until) || Restart() ? 0 : Stopped;
        }
        catch (PromiseBrokenException e)
        {
            Console.Error.WriteLine(e.Message);
            return Broken;
        }

        bool Restart()
        {
            Say(Acknowledged.Stop);
            return TryRun(workload, until);
        }
    }

    private static bool TryRun(Workload workload, ulong[] heights)
    {
        try
        {
            foreach (ulong height in heights)
                workload.Run(height);
            return true;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"{e.Error}: {e.Message}");
            return false;
        }
    }
}
