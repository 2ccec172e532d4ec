using System.Globalization;
using System.Text;
using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Node.Backups;
using GovChain.Node.Commands;
using GovChain.Storage;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Tests.Faults;

/// <summary>
/// The process under faults: <c>drive SCRIPT DIRECTORY HEIGHT...</c> opens the data directory once for each height, goes
/// on to it and closes. Where the storage layer stops with a typed error it says so and begins again, once, as a node that
/// is started again does. <c>install SCRIPT SOURCE DIRECTORY</c> puts a snapshot of SOURCE in the place of a shorter ledger;
/// <c>restore SCRIPT DIRECTORY BACKUP HEIGHT</c> goes on to a height and then puts a backup in the ledger's place;
/// <c>client DIRECTORY</c> writes what a clerk's programs keep. Each line of standard output acknowledges something as durable, in one system call.
/// </summary>
internal static class Program
{
    /// <summary>The storage layer stopped with a typed error, and after the restart again.</summary>
    public const int Stopped = 3;

    /// <summary>A promise was broken.</summary>
    public const int Broken = 4;

    private static int Main(string[] args)
    {
        // The descriptor itself: the console's stream is a duplicate, which the layer would not know.
        using var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        void Say(string line) => output.Write(Encoding.ASCII.GetBytes(line + "\n"));
        Action? work = args switch
        {
            ["drive", var script, var directory, .. var heights] => Drive(new Workload(directory, Script.Load(script), Say), heights),
            ["install", var script, var source, var directory] => new InstallWorkload(directory, source, Script.Load(script), Say).Run,
            ["restore", var script, var directory, var backup, var height] => Restore(directory, Script.Load(script), backup, height, Say),
            ["client", var directory] => new ClientWorkload(directory, Say).Run,
            _ => null,
        };
        if (work is null)
        {
            Console.Error.WriteLine("usage: drive SCRIPT DIRECTORY HEIGHT... | install SCRIPT SOURCE DIRECTORY | restore SCRIPT DIRECTORY BACKUP HEIGHT | client DIRECTORY");
            return 2;
        }
        try
        {
            // Whoever restores looks at what it said before it is run again.
            return TryRun(work) || (args[0] != "restore" && Restart()) ? 0 : Stopped;
        }
        catch (PromiseBrokenException e)
        {
            Console.Error.WriteLine(e.Message);
            return Broken;
        }

        bool Restart()
        {
            Say(Acknowledged.Stop);
            return TryRun(work);
        }
    }

    private static Action Drive(Workload workload, string[] heights) => () =>
    {
        foreach (string height in heights)
            workload.Run(ulong.Parse(height, CultureInfo.InvariantCulture));
    };

    private static Action Restore(string directory, Script script, string backup, string height, Action<string> say) => () =>
    {
        new Workload(directory, script, say).Run(ulong.Parse(height, CultureInfo.InvariantCulture));
        say(Acknowledged.Restoring);
        BackupRestore.RunAsync(backup, directory, script.Genesis, replace: true, audit: false, null, CancellationToken.None).GetAwaiter().GetResult();
        say(Acknowledged.Restored);
    };

    private static bool TryRun(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (StorageException e)
        {
            Console.Error.WriteLine($"{e.Error}: {e.Message}");
            return false;
        }
        catch (Exception e) when (e is CommandException or KeyFileException or ImportFileException)
        {
            Console.Error.WriteLine(e.Message);
            return false;
        }
    }
}
