using System.Globalization;
using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Tests.Integration.Nemesis;

namespace GovChain.Tests.Integration;

/// <summary>
/// A department's software as a process of its own, which can be killed. <c>import NETWORK DEPARTMENT FILE TYPE
/// ACKNOWLEDGEMENTS</c> imports a file through the department's node and appends every acknowledgement to a file before it
/// does anything else with it. <c>clerk NETWORK DEPARTMENT TYPE DIARY WORKERS PAUSE</c> works until its standard input ends.
/// <c>clock</c> answers each line with the wall clock, seconds since 1970.
/// </summary>
internal static class Program
{
    private static readonly TimeSpan FinishPatience = TimeSpan.FromMinutes(10);

    private static async Task<int> Main(string[] args)
    {
        try
        {
            switch (args)
            {
                case ["import", var directory, var department, var path, var type, var acknowledgements]:
                    return await ImportAsync(new DevnetLayout(directory), department, path, type, acknowledgements);
                case ["clerk", var directory, var department, var type, var diary, var workers, var pause]:
                    await WorkAsync(new DevnetLayout(directory), department, type, diary, Number(workers), Number(pause));
                    return ExitCode.Ok;
                case ["clock"]:
                    while (await Console.In.ReadLineAsync() is not null)
                        Console.WriteLine((DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds.ToString(CultureInfo.InvariantCulture));
                    return ExitCode.Ok;
                default:
                    Console.Error.WriteLine(
                        "usage: import NETWORK DEPARTMENT FILE TYPE ACKNOWLEDGEMENTS | clerk NETWORK DEPARTMENT TYPE DIARY WORKERS PAUSE | clock");
                    return ExitCode.Usage;
            }
        }
        catch (LedgerClientException e) when (e.IsTransient)
        {
            Console.Error.WriteLine(e.Message);
            return ExitCode.Unavailable; // started again, it goes on
        }
    }

    private static async Task<int> ImportAsync(
        DevnetLayout layout, string department, string path, string type, string acknowledgements)
    {
        DevnetDepartment self = layout.Read()!.Single(d => d.Id == department);
        using LedgerClient client = LedgerClient.Connect(
            new Uri($"https://localhost:{self.ClientPort}"), layout.AuthorityCertificate);
        using FileStream file = Acknowledgement.OpenFile(acknowledgements);
        var import = new DevnetImport(layout, self, ImportFileReader.Read(path, ImportFileReader.FormatOf(path)!.Value), type)
        {
            Acknowledged = a => Acknowledgement.Of(type, a).AppendTo(file),
        };
        await import.RunAsync(client, null, CancellationToken.None);
        foreach (ImportResult refused in import.Summary!.Refused)
            Console.Error.WriteLine($"event {refused.Event}: {refused.Code}: {refused.Message}");
        return import.Summary.Refused.Count == 0 ? ExitCode.Ok : ExitCode.ProblemsFound;
    }

    private static async Task WorkAsync(
        DevnetLayout layout, string department, string type, string diary, int workers, int pauseMs)
    {
        using var finish = new CancellationTokenSource();
        _ = Task.Run(async () =>
        {
            await Console.In.ReadToEndAsync();
            await finish.CancelAsync();
            await Task.Delay(FinishPatience);
            Environment.Exit(ExitCode.Unavailable); // whoever started it is gone, and the nodes with them
        });
        await Clerk.RunAsync(
            layout, layout.Read()!.Single(d => d.Id == department), type, diary, workers, TimeSpan.FromMilliseconds(pauseMs), finish.Token);
    }

    private static int Number(string argument) => int.Parse(argument, CultureInfo.InvariantCulture);
}
