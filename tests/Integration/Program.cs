using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;

namespace GovChain.Tests.Integration;

/// <summary>
/// A department's software as a process of its own, which can be killed: <c>import NETWORK DEPARTMENT FILE TYPE
/// ACKNOWLEDGEMENTS</c> imports a file through the department's node and appends every acknowledgement to a file before it
/// does anything else with it.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is not ["import", var directory, var department, var path, var type, var acknowledgements])
        {
            Console.Error.WriteLine("usage: import NETWORK DEPARTMENT FILE TYPE ACKNOWLEDGEMENTS");
            return ExitCode.Usage;
        }
        try
        {
            var layout = new DevnetLayout(directory);
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
        catch (LedgerClientException e) when (e.IsTransient)
        {
            Console.Error.WriteLine(e.Message);
            return ExitCode.Unavailable; // started again, it goes on
        }
    }
}
